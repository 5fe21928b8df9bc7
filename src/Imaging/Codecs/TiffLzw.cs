namespace LungSeg.Imaging.Codecs;

/// <summary>LZW as TIFF has it (TIFF 6.0, section 13): codes of 9 to 12 bits, highest bit first, one code earlier than GIF.</summary>
internal static class TiffLzw
{
    private const int Clear = 256, End = 257, MaxCodes = 4096;

    /// <summary>Decodes up to the target's end; returns how many bytes the data had where they are fewer.</summary>
    public static int Decode(ReadOnlySpan<byte> data, Span<byte> target)
    {
        if (data is [0, var second, ..] && (second & 1) != 0)
            throw new ImageException(
                "the TIFF file is compressed by LZW in the way of before TIFF 5.0, which is not supported; save it as PNG");
        // A string is the one before it and a byte: where it was written last, and how long it is.
        Span<int> start = stackalloc int[MaxCodes], length = stackalloc int[MaxCodes];
        int next = End + 1, bits = 9, at = 0, count = 0, to = 0, before = -1;
        uint window = 0;
        while (to < target.Length)
        {
            while (count < bits)
            {
                if (at == data.Length)
                    return to;
                window = window << 8 | data[at++];
                count += 8;
            }
            int code = (int)(window >> count - bits) & (1 << bits) - 1;
            count -= bits;
            if (code == End)
                return to;
            if (code == Clear)
            {
                (next, bits, before) = (End + 1, 9, -1);
                continue;
            }
            int first = to;
            if (code < Clear)
                target[to++] = (byte)code;
            else if (before >= 0 && (code < next || (code == next && next < MaxCodes)))
                // The code that is just being made is the string before with its own first byte behind.
                to = code == next ? Copy(target, to, before, first - before + 1) : Copy(target, to, start[code], length[code]);
            else
                throw new ImageException($"the TIFF file is damaged: code {code} of its LZW data is not defined yet");
            if (before >= 0 && next < MaxCodes)
            {
                (start[next], length[next]) = (before, first - before + 1);
                next++;
            }
            before = first;
            if (next + 1 >= 1 << bits && bits < 12)
                bits++;
        }
        return to;
    }

    private static int Copy(Span<byte> target, int to, int from, int length)
    {
        length = Math.Min(length, target.Length - to);
        // Byte by byte: a string may reach into what it writes.
        for (int i = 0; i < length; i++)
            target[to + i] = target[from + i];
        return to + length;
    }
}
