using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using LungSeg.Imaging.Codecs.Jpeg2000;

namespace LungSeg.Imaging.Tests.Codecs.Jpeg2000;

/// <summary>
/// Codestreams mutated where it tells: fields of their marker segments, whole segments and tile-parts, packet headers and bodies. What
/// comes is samples or a refusal in one line, in time and in little memory. LUNGSEG_FUZZ_CASES sets the number of cases.
/// </summary>
public sealed class Jpeg2000FuzzTests
{
    private const int DefaultCases = 3000;
    private const long MaximumSamples = 1 << 20;
    private static readonly byte[] Telling = [0, 1, 2, 0x7F, 0x80, 0x8F, 0x90, 0x91, 0x92, 0xFE, 0xFF];

    [Fact]
    public void A_mutated_codestream_is_decoded_or_refused()
    {
        int cases = int.TryParse(Environment.GetEnvironmentVariable("LUNGSEG_FUZZ_CASES"), CultureInfo.InvariantCulture, out int asked)
            ? asked : DefaultCases;
        Jpeg2000Case[] sources = [.. Jpeg2000Cases.All.Values.Where(c => c.IsBare)];
        byte[][] files = Array.ConvertAll(sources, c => c.Bytes);
        int decoded = 0, reached = 0;
        long worstAllocation = 0;
        double worstTime = 0;
        for (int seed = 0; seed < cases; seed++)
        {
            Random random = new(seed);
            int source = seed % files.Length;
            byte[] mutated = Mutate(files[source], files[random.Next(files.Length)], random);
            string where = $"{sources[source].Name}, seed {seed}";
            long samples = 0, before = GC.GetAllocatedBytesForCurrentThread(), start = Stopwatch.GetTimestamp();
            bool atBlocks = false;
            try
            {
                Decode(mutated, ref samples, ref atBlocks);
                decoded++;
            }
            catch (ImageException e)
            {
                Assert.False(e.Message.AsSpan().ContainsAnyInRange('\0', '\x1F'), $"{where}: the message is not one line: {e.Message}");
            }
            catch (Exception e)
            {
                Assert.Fail($"{where}: {e}");
            }
            reached += atBlocks ? 1 : 0;
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            (worstTime, worstAllocation) = (Math.Max(worstTime, seconds), Math.Max(worstAllocation, allocated));
            Assert.True(seconds < 2 + 1e-6 * MaximumSamples || IsFast(mutated), $"{where}: took {seconds:F1} s");
            // Coefficients and samples, tables of blocks, and precincts, of which each takes a byte of the file.
            long bound = (2L << 20) + 16 * Math.Min(samples, MaximumSamples) + 2048L * mutated.Length;
            Assert.True(allocated < bound, $"{where}: allocated {allocated} bytes for {mutated.Length}, {bound} allowed");
        }
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{cases} mutated codestreams: {reached} reached the code blocks, {decoded} decoded; "
            + $"at most {worstTime:F2} s and {worstAllocation >> 10} KiB");
        Assert.InRange(reached, cases * 3 / 10, cases);
        Assert.InRange(decoded, cases / 20, cases * 9 / 10);
    }

    /// <summary>Files with their boxes, mutated without regard to what is what, through the door by which all files come.</summary>
    [Fact]
    public void A_mutated_file_is_read_or_refused()
    {
        byte[][] files = [.. Jpeg2000Cases.All.Values.Where(c => !c.IsBare).Select(c => c.Bytes)];
        int read = 0;
        for (int seed = 0; seed < 600; seed++)
        {
            Random random = new(seed);
            byte[] file = [.. files[seed % files.Length]];
            for (int i = random.Next(1, 4); i > 0; i--)
                file[random.Next(3) == 0 ? random.Next(file.Length) : random.Next(130)] = random.Next(2) == 0
                    ? Telling[random.Next(Telling.Length)] : (byte)random.Next(256);
            Exception? error = Record.Exception(() => ImageReader.Decode(file, "fuzz"));
            Assert.True(error is null or ImageException, $"seed {seed}: {error}");
            read += error is null ? 1 : 0;
        }
        Assert.InRange(read, 60, 540);
    }

    /// <summary>Decodes tile by tile on this thread, whose memory is counted.</summary>
    private static void Decode(byte[] file, ref long samples, ref bool atBlocks)
    {
        Codestream codestream = Codestream.Read(file, 0, file.Length);
        samples = Enumerable.Range(0, codestream.Grid.Components.Length)
            .Sum(c => (long)codestream.Grid.Samples(c).Width * codestream.Grid.Samples(c).Height);
        if (samples > MaximumSamples)
            throw new ImageException("larger than what is tried here");
        ParallelOptions options = new() { MaxDegreeOfParallelism = 1 };
        Plane[] planes = [.. codestream.Grid.Components.Select((c, i) => new Plane(codestream.Grid.Samples(i), c))];
        for (int tile = 0; tile < codestream.Grid.Tiles; tile++)
            if (codestream.Grid.HasSamples(tile))
            {
                TileDecoder decoder = new(codestream, tile, options);
                atBlocks |= decoder.HasBlocks;
                decoder.Decode(planes);
            }
    }

    /// <summary>On a machine with other work a case may be slow once, but not twice.</summary>
    private static bool IsFast(byte[] file)
    {
        long start = Stopwatch.GetTimestamp();
        Record.Exception(() =>
        {
            (long samples, bool atBlocks) = (0, false);
            Decode(file, ref samples, ref atBlocks);
        });
        return Stopwatch.GetElapsedTime(start).TotalSeconds < 2 + 1e-6 * MaximumSamples;
    }

    private static byte[] Mutate(byte[] source, byte[] other, Random random)
    {
        byte[] file = [.. source];
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            List<(int Marker, int Start, int End)> segments = Segments(file);
            (int Marker, int Start, int End) segment = segments[random.Next(segments.Count)];
            int data = Math.Max(1, file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0x93]) + 2);
            switch (random.Next(12))
            {
                case 0 when segment.End - segment.Start > 4:
                    // A field of a marker segment.
                    file[random.Next(segment.Start + 4, segment.End)] = Telling[random.Next(Telling.Length)];
                    break;
                case 1 when segment.End - segment.Start > 4:
                    int field = random.Next(segment.Start + 4, segment.End);
                    file[field] = (byte)(file[field] + random.Next(-2, 3));
                    break;
                case 2 when segment.Marker != Marker.Siz && random.Next(3) == 0:
                    file = [.. file[..segment.Start], .. file[segment.End..]];
                    break;
                case 3:
                    file = [.. file[..segment.End], .. file[segment.Start..]];
                    break;
                case 4:
                    // A segment of another file's.
                    List<(int Marker, int Start, int End)> others = Segments(other);
                    (int _, int from, int to) = others[random.Next(others.Count)];
                    file = [.. file[..segment.End], .. other[from..to], .. file[segment.End..]];
                    break;
                case 5 when data < file.Length - 8:
                    // Packets, with the length of the first tile-part made to fit.
                    int at = random.Next(data, file.Length - 4), count = Math.Min(random.Next(1, 9), file.Length - 2 - at);
                    file = random.Next(2) == 0 ? [.. file[..at], .. file[(at + count)..]] : [.. file[..(at + count)], .. file[at..]];
                    int start = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0x90]);
                    if (start > 0 && start + 10 < file.Length)
                        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(start + 6), 0);
                    break;
                case 6:
                    file = file[..random.Next(Math.Min(40, file.Length), file.Length + 1)];
                    break;
                default:
                    int place = Math.Min(file.Length - 1, random.Next(4) == 0 ? data + random.Next(12)
                        : random.Next(data, Math.Max(data + 1, file.Length)));
                    if (random.Next(2) == 0)
                        file[place] ^= (byte)(1 << random.Next(8));
                    else
                        file[place] = random.Next(2) == 0 ? Telling[random.Next(Telling.Length)] : (byte)random.Next(256);
                    break;
            }
        }
        return file;
    }

    /// <summary>The marker segments of all headers, tile-parts walked over by their lengths.</summary>
    private static List<(int Marker, int Start, int End)> Segments(byte[] file)
    {
        List<(int Marker, int Start, int End)> all = [(Marker.Soc, 0, Math.Min(2, file.Length))];
        int at = 2, tilePart = 0;
        while (file.Length - at >= 4)
        {
            int marker = BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(at)),
                length = BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(at + 2));
            if (marker == Marker.Sod)
            {
                uint whole = tilePart + 10 <= file.Length ? BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(tilePart + 6)) : 0;
                if (whole < 14 || tilePart + whole <= at)
                    break;
                at = (int)Math.Min(tilePart + whole, file.Length);
                continue;
            }
            if (marker < 0xFF00 || length < 2 || at + 2 + length > file.Length)
                break;
            if (marker == Marker.Sot)
                tilePart = at;
            all.Add((marker, at, at + 2 + length));
            at += 2 + length;
        }
        return all;
    }
}
