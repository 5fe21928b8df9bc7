using System.Diagnostics;
using System.Diagnostics.Metrics;
using LungSeg.CudaStub;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Weights;
using LungSeg.Imaging;

namespace LungSeg.Models.Tests;

/// <summary>The segmenter as other programs use it: images and weights in every form, cancelling, limits, what it tells.</summary>
public sealed class LibraryTests
{
    private const int Side = 128;
    private static readonly string Path = TestData.InRepository("samples", "radiograph.png");
    private static readonly string Weights = TestData.InRepository("weights", "pan.safetensors");
    private static readonly LungSegmenterOptions Options = new() { NetworkSize = Side };

    [Fact]
    public async Task An_image_is_the_same_from_a_path_a_stream_memory_and_pixels()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        using LungSegmenter segmenter = LungSegmenter.Load(Options);
        LungSegmentation expected = segmenter.Segment(Path);
        byte[] file = await File.ReadAllBytesAsync(Path, token);
        Radiograph image = expected.Image;
        // A row longer than the image's, as cameras and drivers give them.
        int stride = image.Width + 13;
        byte[] rows = new byte[stride * image.Height];
        for (int y = 0; y < image.Height; y++)
        {
            for (int x = 0; x < image.Width; x++) rows[(y * stride) + x] = (byte)image.Samples[(y * image.Width) + x];
        }
        using var stream = new MemoryStream(file);
        LungSegmentation[] found =
        [
            segmenter.Segment(stream, cancellation: token),
            segmenter.Segment(file.AsSpan(), cancellation: token),
            segmenter.Segment(Radiograph.FromPixels(rows, image.Width, image.Height, stride: stride), token),
            await segmenter.SegmentAsync(Path, cancellation: token),
            await segmenter.SegmentAsync(new MemoryStream(file), cancellation: token),
            await segmenter.SegmentAsync(image, token),
        ];
        foreach (LungSegmentation one in found)
        {
            Assert.Equal(expected.Probabilities.Values, one.Probabilities.Values);
            Assert.Equal(expected.Mask.Pixels, one.Mask.Pixels);
        }
        Assert.Equal(file.Length, stream.Position);

        byte[] mask = new byte[image.Width * image.Height];
        float[] probabilities = new float[mask.Length];
        segmenter.Segment(image, mask, probabilities, token);
        Assert.Equal(expected.Mask.Pixels, mask);
        Assert.Equal(expected.Probabilities.Values, probabilities);
        Assert.Contains("expected", Assert.Throws<ArgumentException>(
            () => segmenter.Segment(image, new byte[1], default, CancellationToken.None)).Message);
    }

    [Fact]
    public void Pixels_of_any_depth_fill_the_range()
    {
        Assert.Equal([0, 32776, 65535], Radiograph.FromPixels((ushort[])[0, 2048, 4095], 3, 1, bitDepth: 12,
            channels: 1).Samples.ToArray());
        Assert.Equal([0, 255], Radiograph.FromPixels((ushort[])[0, 7, 1, 7], 1, 2, bitDepth: 1, channels: 1, stride: 2) is var bits
            ? bits.Samples.ToArray() : []);
        Assert.Throws<ArgumentException>(() => Radiograph.FromPixels((ushort[])[4096], 1, 1, bitDepth: 12, channels: 1));
        Assert.Throws<ArgumentException>(() => Radiograph.FromPixels(new byte[11], 3, 4));
    }

    [Fact]
    public void Weights_are_the_same_from_a_file_a_stream_and_memory()
    {
        float[] Run(LungSegmenterOptions options)
        {
            using LungSegmenter segmenter = LungSegmenter.Load(options);
            Assert.Equal("pan", segmenter.Network.Key);
            return segmenter.Segment(Path).Probabilities.Values.ToArray();
        }
        float[] expected = Run(Options);
        using (FileStream stream = File.OpenRead(Weights)) Assert.Equal(expected, Run(Options with { WeightsStream = stream }));
        Assert.Equal(expected, Run(Options with { WeightsMemory = File.ReadAllBytes(Weights) }));
        Assert.Contains("2 of them", Assert.Throws<ArgumentException>(
            () => Run(Options with { WeightsMemory = new byte[1], WeightsFile = Weights })).Message);
        Assert.Contains("(memory)", Assert.Throws<CheckpointException>(() => Run(Options with { WeightsMemory = new byte[100] })).Message);
    }

    [Fact]
    public async Task A_segmentation_stops_where_the_token_asks_for_it()
    {
        using LungSegmenter segmenter = LungSegmenter.Load(Options);
        Radiograph image = ImageReader.Read(Path);
        using var stopped = new CancellationTokenSource();
        await stopped.CancelAsync();
        Assert.Throws<OperationCanceledException>(() => segmenter.Segment(Path, cancellation: stopped.Token));
        Assert.Throws<OperationCanceledException>(() => segmenter.Segment(image, stopped.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => segmenter.SegmentAsync(Path, cancellation: stopped.Token));
        float[] expected = LungSegmenter.Load(Options).Segment(image).Probabilities.Values.ToArray();
        Assert.Equal(expected, segmenter.Segment(image).Probabilities.Values.ToArray());
    }

    [Fact]
    public void Waiting_for_a_plan_can_be_cancelled()
    {
        using var backend = new CpuBackend(1);
        using Model model = backend.Load(Architectures.Get("pan").Load(Checkpoint.Read(Weights)));
        using var pool = new PlanPool(1, () => model.Plan(1, Side, Side));
        Plan taken = pool.Take(CancellationToken.None);
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        Assert.Throws<OperationCanceledException>(() => pool.Take(soon.Token));
        pool.Return(taken);
        Assert.Same(taken, pool.Take(CancellationToken.None));
        pool.Return(taken);
    }

    [Fact]
    public void What_takes_more_than_the_limit_is_refused_before_it_is_loaded_and_told_what_would_do()
    {
        LungSegmenterOptions two = Options with { Plans = 2, Threads = 2 };
        string message = Assert.Throws<DeviceException>(() => LungSegmenter.Load(two with { MemoryLimit = 1 << 20 }).Dispose()).Message;
        Assert.Contains("1 MiB do not suffice", message);
        int needed = int.Parse(message.Split("allow ")[1].Split(' ')[0]), one = int.Parse(message.Split(", or ")[1].Split(' ')[0]);
        Assert.InRange(one, 1, needed - 1);
        LungSegmenter.Load(two with { MemoryLimit = (long)needed << 20 }).Dispose();
        LungSegmenter.Load(two with { Plans = 1, MemoryLimit = (long)one << 20 }).Dispose();
        Assert.Throws<DeviceException>(() => LungSegmenter.Load(two with { MemoryLimit = (long)(needed - 1) << 20 }).Dispose());
        using CudaBackend gpu = EmulatedGpu.OpenIdle(Precision.Float32, 90);
        Assert.Contains("CPU alone", Assert.Throws<DeviceException>(
            () => LungSegmenter.Load(Options with { Backend = gpu, MemoryLimit = 1 << 30 })).Message);
    }

    [Theory, MemberData(nameof(TestData.Networks), MemberType = typeof(TestData))]
    public void What_is_measured_is_what_is_taken(string network)
    {
        using var backend = new CpuBackend(2);
        using Model model = backend.Load(Architectures.Get(network).Record(new SyntheticWeights()));
        MemoryNeed need = model.Measure(1, Side, Side);
        using Plan plan = model.Plan(1, Side, Side);
        Assert.Equal(plan.ArenaBytes, need.Plan);
        Assert.Equal(((CpuModel)model).PackedBytes, need.Weights);
    }

    [Fact]
    public void Threads_are_the_library_s_to_start_and_only_then_to_choose()
    {
        using (LungSegmenter segmenter = LungSegmenter.Load(Options with { Threads = 3 })) Assert.Contains("3 threads", segmenter.Device);
        using var backend = new CpuBackend(1);
        Assert.Throws<ArgumentException>(() => LungSegmenter.Load(Options with { Threads = 3, Backend = backend }));
        Assert.Throws<ArgumentOutOfRangeException>(() => LungSegmenter.Load(Options with { Threads = 0 }));
    }

    [Fact]
    public void Those_who_listen_hear_of_each_image()
    {
        var activities = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == LungSegmenter.DiagnosticsName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                lock (activities) activities.Add(activity);
            },
        };
        ActivitySource.AddActivityListener(listener);
        var outcomes = new List<object?>();
        var steps = new HashSet<object?>();
        using var meters = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            { if (instrument.Meter.Name == LungSegmenter.DiagnosticsName) self.EnableMeasurementEvents(instrument); }
        };
        meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => { lock (outcomes) outcomes.Add(Tag(tags, "outcome")); });
        meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => { lock (outcomes) steps.Add(Tag(tags, "step")); });
        meters.Start();
        using (LungSegmenter segmenter = LungSegmenter.Load(Options))
        {
            segmenter.Segment(Path);
            Assert.Throws<OperationCanceledException>(() => segmenter.Segment(ImageReader.Read(Path), new CancellationToken(true)));
        }
        // Other tests segment at the same time.
        Assert.Contains(activities, activity => activity.OperationName == "lungseg.load");
        Assert.Contains(activities, activity => activity.OperationName == "lungseg.segment" && activity.Status == ActivityStatusCode.Error);
        Assert.Contains("ok", outcomes);
        Assert.Contains("cancelled", outcomes);
        Assert.Superset(new HashSet<object?> { "read", "preprocess", "network", "postprocess" }, steps);

        static object? Tag(ReadOnlySpan<KeyValuePair<string, object?>> tags, string name)
        {
            foreach (KeyValuePair<string, object?> tag in tags)
            {
                if (tag.Key == name) return tag.Value;
            }
            return null;
        }
    }

    [Fact]
    public void A_program_of_15_lines_segments_a_stream()
    {
        string[] lines = File.ReadAllLines(TestData.InRepository("examples", "SegmentStream", "Program.cs"));
        Assert.InRange(lines.Length, 1, 15);
        Assert.Matches(@"^\d+ of \d+ x \d+ pixels are lung \(PAN\)", RunExample("SegmentStream", Path));
    }

    [Fact]
    public void A_program_takes_a_segmenter_from_a_service_container()
    {
        string mask = System.IO.Path.GetTempFileName();
        Assert.Matches(@"\d+ pixels of lung", RunExample("SegmentInService", Path, mask));
        using LungSegmenter segmenter = LungSegmenter.Load();
        Assert.Equal(segmenter.Segment(ImageReader.Read(Path)).Mask.Area,
            ImageReader.Read(mask).Samples.ToArray().Count(sample => sample != 0));
        File.Delete(mask);
    }

    private static string RunExample(string name, params string[] arguments)
    {
        string output = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        string program = TestData.InRepository("examples", name, "bin", output, "net10.0", $"LungSeg.{name}.dll");
        var start = new ProcessStartInfo("dotnet", ["exec", program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true
        };
        using Process process = Process.Start(start)!;
        string text = process.StandardOutput.ReadToEnd(), error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error);
        return text;
    }
}
