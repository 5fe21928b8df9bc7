using System.Diagnostics;
using System.Globalization;
using LungSeg.Imaging;
using LungSeg.IO;
using LungSeg.Tests.Fuzzing;

namespace LungSeg.Models.Tests;

/// <summary>
/// What shows only after long: memory and files that are not given back, results that drift. By hand: tests/long.sh soak, whose counts
/// docs/testing.md publishes. LUNGSEG_SOAK sets the number of segmentations; networks are loaded a tenth as often. LUNGSEG_FUZZ_CASES sets
/// the number of damaged files.
/// </summary>
public sealed class SoakTests(ITestOutputHelper log) : IDisposable
{
    private const int Side = 96, NetworkSize = 128, Threads = 16;
    private const long MostGrowth = 32 << 20;
    private static readonly Radiograph Image = SyntheticRadiograph.Draw(Side, Side, 1).Image;

    private static readonly int Count = Number("LUNGSEG_SOAK", 32_000);
    private static readonly int Loads = Count / 10;
    private static readonly int DamagedFiles = Number("LUNGSEG_FUZZ_CASES", 21_700_000);

    private readonly string _folder = Directory.CreateTempSubdirectory("lungseg-soak-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact(Explicit = true)]
    public void One_process_segments_without_end()
    {
        using LungSegmenter segmenter = Load();
        float[] expected = Segment(segmenter);
        Measure at = default;
        for (int i = 1; i <= Count; i++)
        {
            Assert.Equal(expected, Segment(segmenter));
            if (i == Count / 10) at = Measure.Now();
        }
        AssertBounded(at, $"{Count} segmentations in one process");
    }

    [Fact(Explicit = true)]
    public void Networks_are_loaded_and_disposed()
    {
        float[]? expected = null;
        Measure at = default;
        for (int i = 1; i <= Loads; i++)
        {
            using LungSegmenter segmenter = Load();
            float[] found = Segment(segmenter);
            Assert.Equal(expected ??= found, found);
            if (i == Loads / 10) at = Measure.Now();
        }
        AssertBounded(at, $"{Loads} loads and disposals");
    }

    [Fact(Explicit = true)]
    public void Threads_share_a_segmenter()
    {
        using var segmenter = LungSegmenter.Load(new LungSegmenterOptions { NetworkSize = NetworkSize, Plans = 4 });
        float[] expected = Segment(segmenter);
        int same = 0;
        Measure at = Measure.Now();
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(_ => new Thread(() =>
        {
            for (int i = 0; i < Count / Threads; i++)
            {
                if (Segment(segmenter).AsSpan().SequenceEqual(expected)) Interlocked.Increment(ref same);
            }
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        Assert.Equal(Count / Threads * Threads, same);
        AssertBounded(at, $"{same} segmentations by {Threads} threads on one segmenter");
    }

    // Another program writes the file anew, in place and by renaming: what is loaded is one file or the other, or an error in one line.
    [Fact(Explicit = true)]
    public void Weights_are_replaced_while_they_are_in_use()
    {
        byte[] good = File.ReadAllBytes(WeightsFolder.Default.Find(Architectures.Get("pan")));
        byte[] other = [.. good];
        for (int i = other.Length - 4096; i < other.Length; i += 4) other[i] ^= 1;
        string file = Path.Combine(_folder, "weights.safetensors");
        File.WriteAllBytes(file, good);
        using LungSegmenter before = Load(file);
        float[] one = Segment(before);
        File.WriteAllBytes(file, other);
        using (LungSegmenter changed = Load(file)) Assert.NotEqual(one, Segment(changed));
        float[] two = Segment(Load(file));

        bool done = false;
        var writer = new Thread(() =>
        {
            for (int i = 0; !Volatile.Read(ref done); i++)
            {
                byte[] content = i % 2 == 0 ? good : other;
                if (i % 3 == 0)
                {
                    File.WriteAllBytes($"{file}.new", content);
                    File.Move($"{file}.new", file, overwrite: true);
                }
                else
                {
                    File.WriteAllBytes(file, content);
                }
            }
        });
        writer.Start();
        int loaded = 0, refused = 0;
        for (int i = 0; i < Loads; i++)
        {
            try
            {
                using LungSegmenter segmenter = Load(file);
                float[] found = Segment(segmenter);
                // Written in place, a file may be read half old, half new: then it is neither, but whole.
                Assert.All(found, value => Assert.InRange(value, 0, 1));
                loaded++;
            }
            catch (LungSegException e)
            {
                Assert.Contains("weights.safetensors", e.Message);
                refused++;
            }
            Assert.Equal(one, Segment(before));
        }
        Volatile.Write(ref done, true);
        writer.Join();
        Assert.NotEqual(one, two);
        log.WriteLine($"{Loads} loads while the file is replaced: {loaded} loaded, {refused} refused by name; "
            + "the segmenter of before is unmoved");
    }

    // As a caller of the library does: an image is read, and what was read is segmented.
    [Fact(Explicit = true)]
    public void Damaged_files_are_segmented_or_refused()
    {
        string weights = Path.Combine(_folder, "small.safetensors");
        SmallNetwork.Write(weights);
        var damaged = new DamagedImages(TestData.PathOf());
        var options = new LungSegmenterOptions { WeightsFile = weights, NetworkSize = SmallNetwork.Side, Threads = 1, Plans = 4 };
        using var segmenter = LungSegmenter.Load(options);
        int segmented = 0, refused = 0;
        Measure? at = null;
        for (int tenth = 0; tenth < 10; tenth++)
        {
            (int first, int end) = ((int)(DamagedFiles * (long)tenth / 10), (int)(DamagedFiles * (tenth + 1L) / 10));
            Parallel.For(first, end, new ParallelOptions { MaxDegreeOfParallelism = Threads }, number =>
            {
                try
                {
                    using var stream = new MemoryStream(damaged[number]);
                    Radiograph image = ImageReader.Read(stream);
                    LungSegmentation found = segmenter.Segment(image);
                    Assert.Equal((image.Width, image.Height), (found.Mask.Width, found.Mask.Height));
                    Interlocked.Increment(ref segmented);
                }
                catch (LungSegException e)
                {
                    Assert.DoesNotContain('\n', e.Message);
                    Interlocked.Increment(ref refused);
                }
                catch (Exception e)
                {
                    throw new InvalidOperationException($"file {number}", e);
                }
            });
            at ??= Measure.Now();
            log.WriteLine($"{end} damaged files: {segmented} segmented, {refused} refused; resident {Measure.Now().Bytes >> 20} MiB");
        }
        Assert.True(segmented > DamagedFiles / 50 && refused > DamagedFiles / 4);
        AssertBounded(at!.Value, $"{damaged.Good} good files, {DamagedFiles} damaged ones by {Threads} threads");
    }

    private static int Number(string variable, int usual) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int number) ? number : usual;

    private static LungSegmenter Load(string? file = null) =>
        LungSegmenter.Load(new LungSegmenterOptions { NetworkSize = NetworkSize, WeightsFile = file, Threads = 1 });

    private static float[] Segment(LungSegmenter segmenter) => segmenter.Segment(Image).Probabilities.Values.ToArray();

    private void AssertBounded(Measure before, string what)
    {
        Measure after = Measure.Now();
        log.WriteLine($"{what}: resident {before.Bytes >> 20} MiB after the first tenth, {after.Bytes >> 20} MiB in the end; "
            + $"open files {before.Files}, {after.Files}; threads {before.Threads}, {after.Threads}");
        Assert.InRange(after.Bytes - before.Bytes, long.MinValue, MostGrowth);
        Assert.InRange(after.Files, 0, before.Files + 4);
    }

    private readonly record struct Measure(long Bytes, int Files, int Threads)
    {
        public static Measure Now()
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
            using var process = Process.GetCurrentProcess();
            const string Open = "/proc/self/fd";
            return new Measure(process.WorkingSet64, Directory.Exists(Open) ? Directory.GetFiles(Open).Length : 0, process.Threads.Count);
        }
    }
}
