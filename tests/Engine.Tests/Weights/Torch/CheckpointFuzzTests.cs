using System.Diagnostics;
using System.IO.Compression;
using LungSeg.Engine.Weights;
using LungSeg.Tests.Fuzzing;

namespace LungSeg.Engine.Tests.Weights.Torch;

/// <summary>
/// Damages good files at random, from a fixed seed: a reader must either read them or refuse them, at once and without
/// asking for much memory. LUNGSEG_FUZZ_CASES sets the number of cases.
/// </summary>
public class CheckpointFuzzTests
{
    private const int Seed = 20240611, DefaultCases = 6_000;
    private const long MaxAllocated = 200 << 20;

    private static readonly byte[] Interesting =
        [0, 1, 0x7F, 0x80, 0xFF, .. "()tulbcR.Qqh}]eX\u0081\u0085\u0093\u0094".Select(c => (byte)c)];

    private static readonly string[] Names =
    [
        "state_dict_zip.pth", "state_dict_legacy.pth", "state_dict_protocol3.pth", "state_dict_protocol4.pth", "training_checkpoint.pth",
        "data_parallel.pth", "whole_module_zip.pth", "archive_of_pth.zip", "expected_state_dict.safetensors", "blocks_protocol5.pth",
        "blocks_torchscript.pt", "blocks_training_legacy.pth", "blocks_stored.zip", "hostile_os_system.pth",
    ];

    [Fact]
    public void A_damaged_file_is_read_or_refused_at_once_in_little_memory()
    {
        int cases = int.TryParse(Environment.GetEnvironmentVariable("LUNGSEG_FUZZ_CASES"), out int asked) ? asked : DefaultCases;
        byte[][] files = [.. Names.Select(name => File.ReadAllBytes(WeightData.Checkpoint(name)))];
        byte[]?[] pickles = [.. files.Select(PickleOf)];
        int read = 0, refused = 0;
        TimeSpan slowest = TimeSpan.Zero;
        long largest = 0;

        for (int i = 0; i < cases; i++)
        {
            var random = new Random(unchecked(Seed + i));
            int which = random.Next(files.Length);
            // Half of the cases damage the pickle alone and pack it well: else the checksum would hide it from the unpickler.
            byte[] damaged = pickles[which] is { } pickle && random.Next(2) == 0
                ? Repack(files[which], Damaged(pickle, random))
                : Damaged(files[which], random);

            long allocated = GC.GetAllocatedBytesForCurrentThread();
            long start = Stopwatch.GetTimestamp();
            Exception? error = Record.Exception(() => ReadAll(damaged));
            TimeSpan taken = Stopwatch.GetElapsedTime(start);
            long used = GC.GetAllocatedBytesForCurrentThread() - allocated;

            Assert.True(error is null or CheckpointException, $"case {i} of {Names[which]}: {error}");
            Assert.True(used < MaxAllocated, $"case {i} of {Names[which]} allocated {used} bytes");
            Assert.True(taken < TimeSpan.FromSeconds(2) || IsBusy(damaged), $"case {i} of {Names[which]} took {taken}");
            _ = error is null ? read++ : refused++;
            slowest = taken > slowest ? taken : slowest;
            largest = Math.Max(largest, used);
        }

        TestContext.Current.SendDiagnosticMessage(
            $"{cases} damaged files: {read} read, {refused} refused; slowest {slowest.TotalMilliseconds:F0} ms, largest {largest >> 10} "
                + "KB");
        // A fuzzer whose every case is refused at the door, or none, tests nothing.
        Assert.InRange(read, cases / 100, cases);
        Assert.InRange(refused, cases / 10, cases);
    }

    /// <summary>On a machine with other work a case may be slow once, but not twice.</summary>
    private static bool IsBusy(byte[] damaged)
    {
        long start = Stopwatch.GetTimestamp();
        Record.Exception(() => ReadAll(damaged));
        return Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(2);
    }

    private static void ReadAll(byte[] file)
    {
        foreach (Parameter parameter in Checkpoint.Read(file, "fuzzed"))
            Assert.Equal(parameter.Count, parameter.Read().Length);
    }

    private static byte[] Damaged(byte[] original, Random random) => Damage.Of(original, random, Interesting, head: 300, tail: 600);

    private static byte[]? PickleOf(byte[] file)
    {
        if (!file.AsSpan().StartsWith("PK"u8))
            return null;
        using var zip = new ZipArchive(new MemoryStream(file));
        if (zip.Entries.FirstOrDefault(entry => entry.Name == "data.pkl") is not { } entry)
            return null;
        using var bytes = new MemoryStream();
        using (Stream stream = entry.Open())
            stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    private static byte[] Repack(byte[] file, byte[] pickle)
    {
        var records = new List<(string, byte[])>();
        using (var zip = new ZipArchive(new MemoryStream(file)))
        {
            foreach (ZipArchiveEntry entry in zip.Entries.Where(entry => entry.Name != "data.pkl"))
            {
                using var bytes = new MemoryStream();
                using (Stream stream = entry.Open())
                    stream.CopyTo(bytes);
                records.Add((entry.FullName[(entry.FullName.IndexOf('/') + 1)..], bytes.ToArray()));
            }
        }
        return PickleWriter.Zip(pickle, records);
    }
}
