namespace LungSeg.Imaging.Tests.Dicom;

/// <summary>
/// Writes lossless JPEG by the definition in ITU-T T.81, annex H, with what dcmtk's encoder leaves out: restart intervals and scans of
/// single components. All 17 difference categories have codes of 5 bits.
/// </summary>
internal sealed class LosslessJpegEncoder(int width, int height, int components, int precision, int predictor, int shift, int restartRows)
{
    private readonly List<byte> _out = [];
    private int _bits, _count;

    public byte[] Encode(ushort[] samples, bool interleaved)
    {
        _out.AddRange([0xFF, 0xD8, 0xFF, 0xC3, 0, (byte)(8 + 3 * components), (byte)precision]);
        _out.AddRange([(byte)(height >> 8), (byte)height, (byte)(width >> 8), (byte)width, (byte)components]);
        for (int c = 0; c < components; c++)
            _out.AddRange([(byte)(c + 1), 0x11, 0]);
        _out.AddRange([0xFF, 0xC4, 0, 19 + 17, 0, 0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for (int size = 0; size <= 16; size++)
            _out.Add((byte)size);
        int interval = restartRows * width;
        _out.AddRange([0xFF, 0xDD, 0, 4, (byte)(interval >> 8), (byte)interval]);
        int[] all = [.. Enumerable.Range(0, components)];
        foreach (int[] scan in interleaved ? [all] : all.Select(c => new[] { c }).ToArray())
            Scan(samples, scan);
        _out.AddRange([0xFF, 0xD9]);
        return [.. _out];
    }

    private void Scan(ushort[] samples, int[] scan)
    {
        _out.AddRange([0xFF, 0xDA, 0, (byte)(6 + 2 * scan.Length), (byte)scan.Length]);
        foreach (int c in scan)
            _out.AddRange([(byte)(c + 1), 0]);
        _out.AddRange([(byte)predictor, 0, (byte)shift]);
        for (int y = 0; y < height; y++)
        {
            bool fresh = restartRows > 0 ? y % restartRows == 0 : y == 0;
            if (fresh && y > 0)
            {
                Flush();
                _out.AddRange([0xFF, (byte)(0xD0 + (y / restartRows - 1) % 8)]);
            }
            for (int x = 0; x < width; x++)
                foreach (int c in scan)
                {
                    int At(int dx, int dy) => samples[((y + dy) * width + x + dx) * components + c] >> shift;
                    int predicted = fresh ? x == 0 ? 1 << precision - shift - 1 : At(-1, 0)
                        : x == 0 ? At(0, -1)
                        : predictor switch
                        {
                            1 => At(-1, 0),
                            2 => At(0, -1),
                            3 => At(-1, -1),
                            4 => At(-1, 0) + At(0, -1) - At(-1, -1),
                            5 => At(-1, 0) + (At(0, -1) - At(-1, -1) >> 1),
                            6 => At(0, -1) + (At(-1, 0) - At(-1, -1) >> 1),
                            _ => At(-1, 0) + At(0, -1) >> 1,
                        };
                    Difference((short)(At(0, 0) - predicted));
                }
        }
        Flush();
    }

    private void Difference(int difference)
    {
        int size = difference == 0 ? 0 : 32 - int.LeadingZeroCount(Math.Abs(difference));
        Put(size, 5);
        if (size is > 0 and < 16)
            Put(difference > 0 ? difference : difference + (1 << size) - 1, size);
    }

    private void Put(int value, int bits)
    {
        for (int i = bits - 1; i >= 0; i--)
        {
            _bits = _bits << 1 | value >> i & 1;
            if (++_count < 8)
                continue;
            _out.Add((byte)_bits);
            if ((byte)_bits == 0xFF)
                _out.Add(0);
            (_bits, _count) = (0, 0);
        }
    }

    private void Flush()
    {
        while (_count > 0)
            Put(1, 1);
    }
}
