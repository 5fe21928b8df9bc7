using System.Runtime.InteropServices;
using LungSeg.Imaging;
using LungSeg.Models;

namespace LungSeg.Native.Tests;

/// <summary>The functions of include/lungseg.h under .NET; tests/Native.Tests/BuiltLibraryTests calls the built library.</summary>
public sealed unsafe class ApiTests : IDisposable
{
    private const int Size = 128;
    private readonly nint _segmenter;

    public ApiTests()
    {
        OptionsLayout options = Api.Options;
        options.NetworkSize = Size;
        options.Threads = 1;
        Done(Api.Create(&options, out _segmenter));
    }

    public void Dispose() => Done(Api.Destroy(_segmenter));

    [Fact]
    public void Version_names_the_vectors()
    {
        Assert.Equal(1u, Api.Abi);
        Assert.Contains($"{LungSeg.Engine.Backends.Cpu.InstructionSets.Best}", Api.Version);
    }

    [Theory]
    [InlineData(8, 1, 0)]
    [InlineData(8, 3, 7)]
    [InlineData(16, 1, 0)]
    [InlineData(12, 1, 5)]
    [InlineData(16, 3, 2)]
    public void Pixels_give_what_the_library_finds(int bits, int channels, int gap)
    {
        Radiograph image = Drawn(bits, channels);
        int width = image.Width, height = image.Height, row = width * channels, stride = row + gap, shift = bits is 8 or 16 ? 0 : 16 - bits;
        // What is in the gaps must not matter.
        var samples = Enumerable.Repeat(ushort.MaxValue, stride * height).ToArray();
        for (int y = 0; y < height; y++)
            for (int x = 0; x < row; x++)
                samples[(y * stride) + x] = (ushort)(image.Samples[(y * row) + x] >> shift);
        byte[] bytes = bits == 8 ? Array.ConvertAll(samples, sample => (byte)sample) : MemoryMarshal.AsBytes<ushort>(samples).ToArray();
        Radiograph expected = bits == 8 ? image : Radiograph.FromPixels(samples, width, height, bits, channels, stride);
        fixed (byte* data = bytes)
        {
            ImageLayout layout = Pixels(data, bytes.Length, width, height, channels, bits == 8 ? ImageFormat.U8 : ImageFormat.U16);
            layout.Bits = bits == 8 ? 0 : bits;
            layout.Stride = gap == 0 ? 0 : (nuint)(stride * (bits == 8 ? 1 : 2));
            AssertSame(expected, &layout);
        }
    }

    [Fact]
    public void Float_pixels_are_numbers_from_0_to_1()
    {
        Radiograph image = Drawn(16, 1);
        float[] values = image.ToUnitFloat();
        fixed (float* data = values)
        {
            ImageLayout layout = Pixels(data, values.Length * sizeof(float), image.Width, image.Height, 1, ImageFormat.F32);
            AssertSame(image, &layout);
            foreach (float wrong in (ReadOnlySpan<float>)[float.NaN, 1.01f, -0.01f, float.PositiveInfinity])
            {
                values[5] = wrong;
                Refused(Status.BadArgument, Api.Segment(_segmenter, &layout, out nint result), "samples from 0 to 1 expected", "at 5");
                Assert.Equal(0, result);
            }
        }
    }

    [Fact]
    public void Files_are_decoded_and_damaged_ones_refused()
    {
        using var file = new MemoryStream();
        ImageWriter.WritePng(file, Drawn(8, 1));
        byte[] bytes = file.ToArray();
        fixed (byte* data = bytes)
        {
            ImageLayout layout = Api.Image;
            layout.Data = data;
            layout.DataSize = (nuint)bytes.Length;
            AssertSame(Drawn(8, 1), &layout);
            layout.DataSize /= 2;
            Refused(Status.BadImage, Api.Segment(_segmenter, &layout, out nint result));
            Assert.Equal(0, result);
        }
    }

    [Fact]
    public void Weights_from_memory_and_file_give_the_same()
    {
        string file = WeightsFolder.Default.Find(Architectures.Get("pan"));
        byte[] bytes = File.ReadAllBytes(file);
        OptionsLayout options = Api.Options;
        (options.NetworkSize, options.Threads) = (Size, 1);
        options.WeightsFile = Api.Text(file);
        Done(Api.Create(&options, out nint fromFile));
        options.WeightsFile = null;
        nint fromMemory;
        fixed (byte* weights = bytes)
        {
            options.Weights = weights;
            options.WeightsSize = (nuint)bytes.Length;
            Done(Api.Create(&options, out fromMemory));
        }
        // The caller's memory is the caller's again.
        Array.Clear(bytes);
        Radiograph image = Drawn(8, 1);
        float[] one = Probabilities(fromFile, image), two = Probabilities(fromMemory, image);
        Assert.Equal(Probabilities(_segmenter, image), one);
        Assert.Equal(one, two);
        Done(Api.Destroy(fromFile));
        Done(Api.Destroy(fromMemory));
    }

    [Fact]
    public void Options_that_cannot_be_are_refused()
    {
        Case(Status.BadArgument, "ABI 2", (ref OptionsLayout o) => o.Abi = 2);
        Case(Status.BadArgument, "the size of options is 3", (ref OptionsLayout o) => o.Size = 3);
        Case(Status.BadArgument, "unknown network 'pann'", (ref OptionsLayout o) => o.Network = Api.Text("pann"));
        Case(Status.BadWeights, "does not exist", (ref OptionsLayout o) => o.WeightsFile = Api.Text("nothing.safetensors"));
        Case(Status.BadArgument, "cpu, cuda or cuda:N", (ref OptionsLayout o) => o.Device = Api.Text("gpu"));
        Case(Status.BadArgument, "fp32, int8, tf32 or fp16", (ref OptionsLayout o) => o.Precision = Api.Text("fp8"));
        Case(Status.BadArgument, "fp32 and int8", (ref OptionsLayout o) => o.Precision = Api.Text("fp16"));
        Case(Status.Device, "MiB", (ref OptionsLayout o) => o.MemoryLimit = 1 << 20);
        Case(Status.BadArgument, "threads", (ref OptionsLayout o) => o.Threads = -1);
        Case(Status.BadArgument, "threshold", (ref OptionsLayout o) => o.Threshold = float.NaN);
        Case(Status.BadArgument, "plans", (ref OptionsLayout o) => o.Images = 1 << 20);
        Case(Status.BadArgument, "weights_size", (ref OptionsLayout o) => o.WeightsSize = 1);
        Refused(Status.BadArgument, Api.Create(null, out _), "options is NULL");

        void Case(Status status, string words, Change change)
        {
            OptionsLayout options = Api.Options;
            change(ref options);
            Refused(status, Api.Create(&options, out nint segmenter), words);
            Assert.Equal(0, segmenter);
        }
    }

    [Fact]
    public void Images_that_cannot_be_are_refused()
    {
        byte[] pixels = new byte[64 * 64];
        fixed (byte* data = pixels)
        {
            byte* at = data;
            Case("NULL", (ref ImageLayout i) => i.Data = null);
            Case("0", (ref ImageLayout i) => i.Width = 0);
            Case("-1", (ref ImageLayout i) => i.Height = -1);
            Case("channels", (ref ImageLayout i) => i.Channels = 2);
            Case("stride", (ref ImageLayout i) => i.Stride = 63);
            Case("64 rows", (ref ImageLayout i) => i.DataSize--);
            Case("bits", (ref ImageLayout i) => i.Bits = 8);
            Case("whole samples", (ref ImageLayout i) => (i.Format, i.Width, i.Stride) = (ImageFormat.U16, 8, 129));
            Case("format", (ref ImageLayout i) => i.Format = (ImageFormat)9);
            Case("data_size", (ref ImageLayout i) => i.DataSize = nuint.MaxValue);
            Refused(Status.BadArgument, Api.Segment(_segmenter, null, out _), "image is NULL");

            void Case(string words, ChangeImage change)
            {
                ImageLayout image = Pixels(at, 64 * 64, 64, 64, 1, ImageFormat.U8);
                change(ref image);
                Refused(Status.BadArgument, Api.Segment(_segmenter, &image, out nint result), words);
                Assert.Equal(0, result);
            }
        }
    }

    [Fact]
    public void Handles_that_are_none_are_refused_and_freed_ones_too()
    {
        StatisticsLayout statistics = Api.Statistics;
        ImageLayout image = Api.Image;
        foreach (nint wrong in (ReadOnlySpan<nint>)[0, -1, 12345])
        {
            Refused(Status.BadArgument, Api.Measure(wrong, &statistics), "result");
            Refused(Status.BadArgument, Api.Segment(wrong, &image, out _), "segmenter");
            Refused(Status.BadArgument, Api.Cancel(wrong), "segmenter");
        }
        Done(Api.Release(0));
        Done(Api.Destroy(0));
        nint result = Segment(_segmenter, Drawn(8, 1));
        Refused(Status.BadArgument, Api.Mask(result, new byte[5]), "room for", "5 found");
        Refused(Status.BadArgument, Api.Probabilities(result, new float[5]), "room for", "5 found");
        Refused(Status.BadArgument, Api.Measure(result, null), "NULL");
        Done(Api.Release(result));
        Refused(Status.BadArgument, Api.Release(result), "freed");
        Refused(Status.BadArgument, Api.Measure(result, &statistics), "freed");
    }

    [Fact]
    public void A_program_may_know_fewer_members_or_more()
    {
        nint result = Segment(_segmenter, Drawn(8, 1));
        // An older program: two members, and nothing behind them is touched.
        StatisticsLayout older = default;
        older.Size = 3 * sizeof(int);
        older.Area = 77;
        Done(Api.Measure(result, &older));
        Assert.Equal((older.Size, 160, 128, 77), (3u * sizeof(int), older.Width, older.Height, older.Area));
        Done(Api.Release(result));

        // A newer one: what this version does not know must be left at its default.
        byte* newer = stackalloc byte[sizeof(OptionsLayout) + 8];
        new Span<byte>(newer, sizeof(OptionsLayout) + 8).Clear();
        var options = (OptionsLayout*)newer;
        *options = Api.Options;
        options->Size += 8;
        options->NetworkSize = Size;
        Done(Api.Create(options, out nint segmenter));
        Done(Api.Destroy(segmenter));
        newer[sizeof(OptionsLayout) + 3] = 1;
        Refused(Status.BadArgument, Api.Create(options, out _), "does not know");
    }

    [Fact]
    public void Cancelling_ends_calls_that_have_begun_and_no_later_ones()
    {
        OptionsLayout options = Api.Options;
        options.Threads = 1;
        Done(Api.Create(&options, out nint segmenter));
        Radiograph image = Drawn(8, 1);
        Status ended = Status.Ok;
        string error = "";
        for (int attempt = 0; attempt < 50 && ended == Status.Ok; attempt++)
        {
            var thread = new Thread(() =>
            {
                ended = TrySegment(segmenter, image, out nint result);
                error = Api.Error;
                if (ended == Status.Ok) Api.Release(result);
            });
            thread.Start();
            Thread.Sleep(attempt);
            Done(Api.Cancel(segmenter));
            thread.Join();
        }
        Assert.Equal((Status.Cancelled, "cancelled"), (ended, error));
        Done(Api.Release(Segment(segmenter, image)));
        Done(Api.Destroy(segmenter));
    }

    [Fact]
    public void Threads_share_a_segmenter_that_is_destroyed_while_they_use_it()
    {
        OptionsLayout options = Api.Options;
        (options.NetworkSize, options.Images) = (Size, 4);
        Done(Api.Create(&options, out nint segmenter));
        Radiograph image = Drawn(8, 1);
        float[] expected = Probabilities(segmenter, image);
        int done = 0, refused = 0;
        Thread[] threads = [.. Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (int i = 0; i < 40; i++)
            {
                Status status = TrySegment(segmenter, image, out nint result);
                if (status == Status.Ok && Values(result).AsSpan().SequenceEqual(expected)) Interlocked.Increment(ref done);
                else if (status == Status.BadArgument) Interlocked.Increment(ref refused);
            }
        }))];
        foreach (Thread thread in threads) thread.Start();
        while (Volatile.Read(ref done) < 8) Thread.Sleep(1);
        Done(Api.Destroy(segmenter));
        foreach (Thread thread in threads) thread.Join();
        Assert.Equal(160, done + refused);
    }

    [Fact]
    public void The_header_and_the_layouts_agree_on_order()
    {
        // The C compiler's own view is compared in BuiltLibraryTests; here, that no member is missing.
        string header = File.ReadAllText(Repository.PathOf("include", "lungseg.h"));
        foreach ((string name, Type type) in new[]
        {
            ("options", typeof(OptionsLayout)), ("image", typeof(ImageLayout)), ("lung", typeof(LungLayout)),
            ("statistics", typeof(StatisticsLayout)),
        })
        {
            string body = header[header.IndexOf($"struct lungseg_{name} {{", StringComparison.Ordinal)..];
            body = body[..body.IndexOf($"}} lungseg_{name};", StringComparison.Ordinal)];
            int members = body.Split('\n').Skip(1).Select(line => line.Split("/*")[0]).Sum(line => line.Count(c => c is ',' or ';'));
            Assert.Equal(type.GetFields().Length, members);
        }
    }

    private delegate void Change(ref OptionsLayout options);

    private delegate void ChangeImage(ref ImageLayout image);

    private static Radiograph Drawn(int bits, int channels)
    {
        Radiograph grey = SyntheticRadiograph.Draw(160, 128, 3).Image;
        int scale = bits == 8 ? 1 : 257;
        ushort[] samples = [.. grey.To8Bit().SelectMany(sample => Enumerable.Repeat((ushort)(sample * scale), channels))];
        return new Radiograph(160, 128, channels, bits == 8 ? 8 : 16, samples);
    }

    private static ImageLayout Pixels(void* data, int bytes, int width, int height, int channels, ImageFormat format)
    {
        ImageLayout image = Api.Image;
        image.Data = data;
        (image.Format, image.DataSize, image.Width, image.Height, image.Channels) = (format, (nuint)bytes, width, height, channels);
        return image;
    }

    private static Status TrySegment(nint segmenter, Radiograph image, out nint result)
    {
        byte[] pixels = image.To8Bit();
        fixed (byte* data = pixels)
        {
            ImageLayout layout = Pixels(data, pixels.Length, image.Width, image.Height, image.Channels, ImageFormat.U8);
            return Api.Segment(segmenter, &layout, out result);
        }
    }

    private static nint Segment(nint segmenter, Radiograph image)
    {
        Done(TrySegment(segmenter, image, out nint result));
        return result;
    }

    private static float[] Probabilities(nint segmenter, Radiograph image) => Values(Segment(segmenter, image));

    private static float[] Values(nint result)
    {
        StatisticsLayout found = Api.Statistics;
        Done(Api.Measure(result, &found));
        var values = new float[found.ProbabilityWidth * found.ProbabilityHeight];
        Done(Api.Probabilities(result, values));
        Done(Api.Release(result));
        return values;
    }

    private void AssertSame(Radiograph expected, ImageLayout* image)
    {
        using LungSegmenter segmenter = LungSegmenter.Load(new LungSegmenterOptions { NetworkSize = Size, Threads = 1 });
        LungSegmentation wanted = segmenter.Segment(expected);
        Done(Api.Segment(_segmenter, image, out nint result));
        StatisticsLayout found = Api.Statistics;
        Done(Api.Measure(result, &found));
        Assert.Equal((expected.Width, expected.Height, wanted.Mask.Area), (found.Width, found.Height, found.Area));
        Assert.Equal(wanted.Flags.Count, found.Flags);
        Assert.Equal(found.Area, found.Right.Area + found.Left.Area);
        var mask = new byte[found.Width * found.Height];
        Done(Api.Mask(result, mask));
        Assert.Equal(wanted.Mask.To8Bit(), mask);
        var probabilities = new float[mask.Length];
        Done(Api.Probabilities(result, probabilities));
        Assert.Equal(wanted.Probabilities.Values, probabilities);
        Done(Api.Release(result));
    }

    private static void Done(Status status) => Assert.True(status == Status.Ok, $"{status}: {Api.Error}");

    private static void Refused(Status expected, Status found, params ReadOnlySpan<string> words)
    {
        Assert.True(found == expected, $"{expected} expected, {found} found: {Api.Error}");
        Assert.DoesNotContain('\n', Api.Error);
        Assert.DoesNotContain("(Parameter", Api.Error);
        foreach (string word in words) Assert.Contains(word, Api.Error);
    }
}
