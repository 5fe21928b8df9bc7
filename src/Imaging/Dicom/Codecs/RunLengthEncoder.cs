using System.Buffers.Binary;

namespace LungSeg.Imaging.Dicom.Codecs;

/// <summary>
/// DICOM's RLE (PS3.5, annex G) of samples of 8 bits: a header of offsets, then one PackBits segment for each sample, row by row.
/// </summary>
internal static class RunLengthEncoder
{
    private const int HeaderBytes = 64, MaximumRun = 128;

    /// <summary>Encodes a frame of columns x rows x samples bytes, samples interleaved.</summary>
    public static byte[] Encode(ReadOnlySpan<byte> frame, int columns, int samples)
    {
        List<byte> coded = [.. new byte[HeaderBytes]];
        byte[] header = new byte[HeaderBytes], row = new byte[columns];
        BinaryPrimitives.WriteInt32LittleEndian(header, samples);
        for (int sample = 0; sample < samples; sample++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4 + 4 * sample), coded.Count);
            for (int start = 0; start < frame.Length; start += columns * samples)
            {
                for (int x = 0; x < columns; x++)
                    row[x] = frame[start + x * samples + sample];
                Pack(row, coded);
            }
            if (coded.Count % 2 != 0)
                coded.Add(0);
        }
        byte[] bytes = [.. coded];
        header.CopyTo(bytes, 0);
        return bytes;
    }

    private static void Pack(ReadOnlySpan<byte> row, List<byte> coded)
    {
        for (int at = 0; at < row.Length;)
        {
            int run = Run(row[at..]);
            if (run > 1)
            {
                coded.Add((byte)(1 - run));
                coded.Add(row[at]);
                at += run;
                continue;
            }
            int end = at + 1;
            // Two of a kind are worth a run only where no stretch of others is open, which they would part.
            while (end < row.Length && end - at < MaximumRun && Run(row[end..]) < 3)
                end++;
            coded.Add((byte)(end - at - 1));
            foreach (byte value in row[at..end])
                coded.Add(value);
            at = end;
        }
    }

    /// <summary>How often the first value is repeated, up to 128 times.</summary>
    private static int Run(ReadOnlySpan<byte> values)
    {
        int other = values[..Math.Min(values.Length, MaximumRun)].IndexOfAnyExcept(values[0]);
        return other < 0 ? Math.Min(values.Length, MaximumRun) : other;
    }
}
