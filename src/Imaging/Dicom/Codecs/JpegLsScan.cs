namespace LungSeg.Imaging.Dicom.Codecs;

/// <summary>
/// Decodes the samples of one JPEG-LS scan (ISO/IEC 14495-1, annex A): one component, or several interleaved by line or by sample.
/// </summary>
internal sealed class JpegLsScan(JpegLsParameters p, ImagePixel image, int[] components, ushort[] cells)
{
    /// <summary>Orders of run lengths (A.2.1, J).</summary>
    private static ReadOnlySpan<byte> RunOrders =>
        [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    private readonly JpegLsContexts _contexts = new(p);
    private readonly int[] _runIndex = new int[components.Length];
    private readonly int _width = image.Columns, _near = p.Near, _max = p.MaxValue, _step = 2 * p.Near + 1;
    private readonly sbyte[] _levels = Levels(p);

    /// <summary>Two lines of each component, with a sample more at both ends; index 1 is the first column.</summary>
    private readonly int[][] _above = NewLines(components.Length, image.Columns), _line = NewLines(components.Length, image.Columns);

    /// <summary>Decodes the scan that starts at <paramref name="at"/> and returns where the next marker is.</summary>
    public int Decode(byte[] coded, int at, bool bySample)
    {
        JpegBits bits = new(coded, at, isJpegLs: true);
        for (int y = 0; y < image.Rows; y++)
        {
            for (int c = 0; c < components.Length; c++)
            {
                (_above[c], _line[c]) = (_line[c], _above[c]);
                _above[c][_width + 1] = _above[c][_width];
                _line[c][0] = _above[c][1];
            }
            if (bySample)
                ReadLines(ref bits);
            else
                for (int c = 0; c < components.Length; c++)
                    ReadLine(ref bits, c);
            for (int c = 0; c < components.Length; c++)
                for (int x = 0, cell = y * _width * image.Samples + components[c]; x < _width; x++, cell += image.Samples)
                    cells[cell] = (ushort)_line[c][x + 1];
        }
        return bits.FindMarker();
    }

    /// <summary>One line of a component.</summary>
    private void ReadLine(ref JpegBits bits, int c)
    {
        (int[] above, int[] line) = (_above[c], _line[c]);
        for (int x = 1; x <= _width; x++)
        {
            int context = Context(above, x, line[x - 1]);
            if (context == 0)
                x = ReadRun(ref bits, c, 1, x);
            else
                line[x] = ReadSample(ref bits, line[x - 1], above[x], above[x - 1], context);
        }
    }

    /// <summary>One line of all components, sample by sample.</summary>
    private void ReadLines(ref JpegBits bits)
    {
        Span<int> contexts = stackalloc int[components.Length];
        for (int x = 1; x <= _width; x++)
        {
            bool flat = true;
            for (int c = 0; c < contexts.Length; c++)
                flat &= (contexts[c] = Context(_above[c], x, _line[c][x - 1])) == 0;
            if (flat)
            {
                x = ReadRun(ref bits, 0, contexts.Length, x);
                continue;
            }
            for (int c = 0; c < contexts.Length; c++)
                _line[c][x] = ReadSample(ref bits, _line[c][x - 1], _above[c][x], _above[c][x - 1], contexts[c]);
        }
    }

    private int Context(int[] above, int x, int left)
    {
        (int corner, int top, int right) = (above[x - 1], above[x], above[x + 1]);
        sbyte[] levels = _levels;
        return (levels[right - top + _max] * 9 + levels[top - corner + _max]) * 9 + levels[corner - left + _max];
    }

    /// <summary>The level, -4 to 4, of every difference of two samples (A.3.3), the least difference first.</summary>
    private static sbyte[] Levels(JpegLsParameters p)
    {
        sbyte[] levels = new sbyte[2 * p.MaxValue + 1];
        for (int size = 0; size <= p.MaxValue; size++)
        {
            int level = size <= p.Near ? 0 : size < p.T1 ? 1 : size < p.T2 ? 2 : size < p.T3 ? 3 : 4;
            (levels[p.MaxValue + size], levels[p.MaxValue - size]) = ((sbyte)level, (sbyte)-level);
        }
        return levels;
    }

    private int ReadSample(ref JpegBits bits, int left, int above, int corner, int context)
    {
        int sign = context < 0 ? -1 : 1, q = context * sign;
        (int low, int high) = left < above ? (left, above) : (above, left);
        int predicted = corner >= high ? low : corner <= low ? high : left + above - corner;
        predicted = Math.Clamp(predicted + sign * _contexts.Bias(q), 0, _max);
        return Reconstruct(predicted, sign * _contexts.ReadError(q, ref bits));
    }

    private int Reconstruct(int predicted, int error)
    {
        int value = predicted + error * _step;
        if (value < -_near)
            value += p.Range * _step;
        else if (value > _max + _near)
            value -= p.Range * _step;
        return Math.Clamp(value, 0, _max);
    }

    /// <summary>A run of the left neighbour's values and the sample that ends it; returns the last column written.</summary>
    private int ReadRun(ref JpegBits bits, int first, int count, int x)
    {
        int start = x, left = _width - x + 1, index = _runIndex[first];
        while (left > 0 && bits.Read(1) == 1)
        {
            int whole = 1 << RunOrders[index], length = Math.Min(whole, left);
            (x, left) = (x + length, left - length);
            if (length == whole && index < RunOrders.Length - 1)
                index++;
        }
        bool interrupted = left > 0;
        if (interrupted)
        {
            int length = bits.Read(RunOrders[index]);
            if (length >= left)
                throw new ImageException("the DICOM file is damaged: a run of its JPEG-LS data goes over the end of a row");
            x += length;
        }
        for (int i = 0; i < count; i++)
            _line[first + i].AsSpan(start, x - start).Fill(_line[first + i][start - 1]);
        if (interrupted)
        {
            for (int i = 0; i < count; i++)
                _line[first + i][x] = ReadInterruption(ref bits, first + i, x, RunOrders[index], alone: count == 1);
            index = Math.Max(0, index - 1);
        }
        _runIndex[first] = index;
        return interrupted ? x : x - 1;
    }

    private int ReadInterruption(ref JpegBits bits, int c, int x, int order, bool alone)
    {
        (int left, int above) = (_line[c][x - 1], _above[c][x]);
        if (alone && Math.Abs(left - above) <= _near)
            return Reconstruct(left, _contexts.ReadInterruption(1, order, ref bits));
        int error = _contexts.ReadInterruption(0, order, ref bits);
        return Reconstruct(above, left > above ? -error : error);
    }

    private static int[][] NewLines(int components, int columns)
    {
        int[][] lines = new int[components][];
        for (int c = 0; c < components; c++)
            lines[c] = new int[columns + 2];
        return lines;
    }
}
