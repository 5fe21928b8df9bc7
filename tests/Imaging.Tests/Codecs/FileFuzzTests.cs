using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.IO.Hashing;
using LungSeg.Tests.Fuzzing;

namespace LungSeg.Imaging.Tests.Codecs;

/// <summary>
/// Good files of every format but DICOM, damaged from fixed seeds and cut at every length: what comes is an image, or a refusal in one
/// line, in bounded memory. LUNGSEG_FUZZ_CASES sets the number of damaged files of each format.
/// </summary>
public sealed class FileFuzzTests
{
    private const int DefaultCases = 1500;
    private const long MaxAllocated = 256L << 20;
    private static readonly byte[] Telling = [0, 1, 2, 7, 8, 16, 0x7F, 0x80, 0xC0, 0xC2, 0xC4, 0xD8, 0xD9, 0xDA, 0xFE, 0xFF];

    public static TheoryData<string> Formats =>
        [.. Fixtures.All.Keys.Select(name => Path.GetExtension(name)).Distinct().Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_damaged_file_is_read_or_refused(string format)
    {
        int cases = int.TryParse(Environment.GetEnvironmentVariable("LUNGSEG_FUZZ_CASES"), CultureInfo.InvariantCulture, out int asked)
            ? asked : DefaultCases;
        byte[][] files = FilesOf(format);
        Outcomes outcomes = new();
        for (int seed = 0; seed < cases; seed++)
        {
            Random random = new(seed);
            byte[] file = files[seed % files.Length];
            // Checksums would hide most of the decoder from the damage.
            byte[] damaged = format != ".png" ? Damaged(file, random)
                : random.Next(2) == 0 ? WithChecksums(Damaged(file, random))
                : WithRows(file, rows => Damaged(rows, random));
            outcomes.Add(damaged, $"{format}, seed {seed}");
        }
        TestContext.Current.SendDiagnosticMessage($"{format}: {cases} damaged files, {outcomes}");
        // A fuzzer whose every case is refused at the door, or none, tests nothing.
        Assert.InRange(outcomes.Read, cases / 50, cases);
        Assert.InRange(outcomes.Refused, cases / 50, cases);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_file_cut_anywhere_is_refused(string format)
    {
        Outcomes outcomes = new();
        foreach (byte[] file in FilesOf(format))
        {
            for (int length = 0; length < file.Length; length++)
                outcomes.Add(file[..length], $"{format} of {file.Length} bytes, cut at {length}");
        }
        TestContext.Current.SendDiagnosticMessage($"{format}: {outcomes.Read + outcomes.Refused} cut files, {outcomes}");
        Assert.Equal(0, outcomes.Read);
    }

    private static byte[][] FilesOf(string format) =>
        [.. Fixtures.All.Values.Where(file => Path.GetExtension(file.Name) == format).Select(file => file.Bytes)];

    private static byte[] Damaged(byte[] source, Random random) => Damage.Of(source, random, Telling, head: 120, tail: 200);

    /// <summary>A PNG file whose chunks have the checksums of what is in them.</summary>
    internal static byte[] WithChecksums(byte[] png)
    {
        for (int at = 8; at + 12 <= png.Length;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan(at));
            if (length > png.Length - at - 12) break;
            int end = at + 8 + (int)length;
            BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(end), Crc32.HashToUInt32(png.AsSpan((at + 4)..end)));
            at = end + 4;
        }
        return png;
    }

    /// <summary>The file with its rows changed before they are deflated.</summary>
    private static byte[] WithRows(byte[] png, Func<byte[], byte[]> change)
    {
        using MemoryStream deflated = new(), data = new();
        int first = -1, last = 0;
        for (int at = 8, next; at + 12 <= png.Length; at = next)
        {
            next = at + 12 + BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(at));
            if (!png.AsSpan(at + 4, 4).SequenceEqual("IDAT"u8)) continue;
            if (first < 0) first = at;
            last = next;
            deflated.Write(png.AsSpan((at + 8)..(next - 4)));
        }
        deflated.Position = 0;
        using MemoryStream rows = new();
        using (ZLibStream inflater = new(deflated, CompressionMode.Decompress)) inflater.CopyTo(rows);
        using (ZLibStream deflater = new(data, CompressionLevel.Fastest, leaveOpen: true)) deflater.Write(change(rows.ToArray()));
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, (int)data.Length);
        return WithChecksums([.. png[..first], .. length, .. "IDAT"u8, .. data.ToArray(), 0, 0, 0, 0, .. png[last..]]);
    }

    private sealed class Outcomes
    {
        private long _largest;

        public int Read { get; private set; }

        public int Refused { get; private set; }

        public void Add(byte[] file, string what)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Radiograph? image = null;
            Exception? error = Record.Exception(() => image = ImageReader.Decode(file, "fuzzed"));
            long used = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(error is null or ImageException, $"{what}: {error}");
            Assert.True(error is null || !error.Message.AsSpan().ContainsAnyInRange('\0', '\x1F'), $"{what}: {error?.Message}");
            // What a header truly claims may be taken, once as samples and once as what they are decoded from.
            long claimed = image is null ? 0 : 16L * image.Width * image.Height;
            Assert.True(used < MaxAllocated + claimed, $"{what}: {used} bytes allocated");
            _largest = Math.Max(_largest, used);
            _ = error is null ? Read++ : Refused++;
        }

        public override string ToString() => $"{Read} read, {Refused} refused, at most {_largest >> 20} MiB allocated";
    }
}
