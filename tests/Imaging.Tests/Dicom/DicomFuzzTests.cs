using System.Diagnostics;
using System.Globalization;

namespace LungSeg.Imaging.Tests.Dicom;

/// <summary>
/// Mutated files are read or refused with one line: no other exception, no hang, no memory beyond what the file can mean.
/// </summary>
public sealed class DicomFuzzTests
{
    private const int DefaultCases = 4000;
    private const long MaximumAllocation = 64L << 20;
    private static readonly byte[] Telling = [0, 1, 0x7F, 0x80, 0xD9, 0xDA, 0xFE, 0xFF];

    [Fact]
    public void A_mutated_file_is_read_or_refused()
    {
        int cases = int.TryParse(Environment.GetEnvironmentVariable("LUNGSEG_FUZZ_CASES"), CultureInfo.InvariantCulture, out int asked)
            ? asked : DefaultCases;
        byte[][] files = Array.ConvertAll(DicomCases.Files, DicomCases.Bytes);
        int read = 0;
        for (int seed = 0; seed < cases; seed++)
        {
            Random random = new(seed);
            int file = seed % files.Length;
            byte[] mutated = Mutate(files[file], random);
            string where = $"{DicomCases.Files[file]}, seed {seed}";
            long memory = GC.GetAllocatedBytesForCurrentThread(), start = Stopwatch.GetTimestamp();
            try
            {
                ImageReader.Decode(mutated, "fuzz", new() { Frame = random.Next(3) == 0 ? null : 1 });
                read++;
            }
            catch (ImageException e)
            {
                Assert.False(e.Message.AsSpan().ContainsAnyInRange('\0', '\x1F'), $"{where}: the message is not one line: {e.Message}");
            }
            catch (Exception e)
            {
                Assert.Fail($"{where}: {e}");
            }
            TimeSpan taken = Stopwatch.GetElapsedTime(start);
            long allocated = GC.GetAllocatedBytesForCurrentThread() - memory;
            Assert.True(taken < TimeSpan.FromSeconds(2) || IsFast(mutated), $"{where}: took {taken}");
            Assert.True(allocated < MaximumAllocation, $"{where}: allocated {allocated} bytes for {mutated.Length}");
        }
        // Mutations that are all refused, or none, would try little.
        Assert.InRange(read, cases / 10, cases * 9 / 10);
        TestContext.Current.SendDiagnosticMessage($"{cases} mutated files, {read} read");
    }

    /// <summary>On a machine with other work a case may be slow once, but not twice.</summary>
    private static bool IsFast(byte[] mutated)
    {
        long start = Stopwatch.GetTimestamp();
        Record.Exception(() => ImageReader.Decode(mutated, "fuzz", new() { Frame = 1 }));
        return Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(2);
    }

    /// <summary>Half of the changes fall on the header, half on what follows the start of the pixel data.</summary>
    private static byte[] Mutate(byte[] source, Random random)
    {
        byte[] file = (byte[])source.Clone();
        int pixels = Math.Max(0, source.AsSpan().LastIndexOf((ReadOnlySpan<byte>)[0xE0, 0x7F, 0x10, 0]));
        int changes = 1 + random.Next(6);
        for (int i = 0; i < changes && file.Length > 8; i++)
        {
            int middle = Math.Min(pixels, file.Length - 1);
            int at = random.Next(3) switch
            {
                0 => random.Next(Math.Max(1, middle)),
                1 => Math.Min(file.Length - 1, middle + random.Next(120)),
                _ => random.Next(middle, file.Length)
            };
            int run = Math.Min(1 + random.Next(8), file.Length - at);
            switch (random.Next(8))
            {
                case 0:
                    file = file[..at];
                    break;
                case 1:
                    file = [.. file[..at], .. file[(at + run)..]];
                    break;
                case 2:
                    file = [.. file[..(at + run)], .. file[at..]];
                    break;
                case 3:
                    file.AsSpan(at, run).Fill(Telling[random.Next(Telling.Length)]);
                    break;
                case 4:
                    file[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 5:
                    random.NextBytes(file.AsSpan(at, run));
                    break;
                default:
                    file[at] = Telling[random.Next(Telling.Length)];
                    break;
            }
        }
        return file;
    }
}
