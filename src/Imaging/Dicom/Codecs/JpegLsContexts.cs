namespace LungSeg.Imaging.Dicom.Codecs;

/// <summary>
/// What a JPEG-LS scan learns as it goes (ISO/IEC 14495-1, A.5 and A.6), and the decoding of one prediction error by it: 365 contexts
/// of the regular mode and two of run interruption.
/// </summary>
internal sealed class JpegLsContexts
{
    private const int Regular = 365, MinimumBias = -128, MaximumBias = 127;

    private readonly JpegLsParameters _p;
    private readonly int[] _a = new int[Regular + 2], _b = new int[Regular + 2], _c = new int[Regular], _n = new int[Regular + 2];
    private readonly int _limit, _errorBits;

    public JpegLsContexts(JpegLsParameters parameters)
    {
        _p = parameters;
        (_limit, _errorBits) = (parameters.Limit, parameters.ErrorBits);
        Array.Fill(_a, Math.Max(2, parameters.Range + 32 >> 6));
        Array.Fill(_n, 1);
    }

    /// <summary>The correction that a context has learnt for its predictions.</summary>
    public int Bias(int context) => _c[context];

    /// <summary>One error in the regular mode, and the context's update by it.</summary>
    public int ReadError(int q, ref JpegBits bits)
    {
        int k = GolombParameter(_n[q], _a[q]);
        int mapped = ReadGolomb(ref bits, k, _limit);
        int error = (mapped & 1) == 0 ? mapped >> 1 : -(mapped + 1 >> 1);
        if (k == 0 && _p.Near == 0 && 2 * _b[q] <= -_n[q])
            error = -error - 1;
        Update(q, error);
        return error;
    }

    /// <summary>One error at the end of a run, <paramref name="runBits"/> being the run's order; type 1 is where left and above agree.</summary>
    public int ReadInterruption(int type, int runBits, ref JpegBits bits)
    {
        int q = Regular + type;
        int k = GolombParameter(_n[q], type == 0 ? _a[q] : _a[q] + (_n[q] >> 1));
        int mapped = ReadGolomb(ref bits, k, _limit - runBits - 1);
        int sum = mapped + type;
        bool odd = (sum & 1) != 0;
        int size = sum + 1 >> 1;
        // _b counts the negative errors of these two contexts.
        int error = (k != 0 || 2 * _b[q] >= _n[q]) == odd ? -size : size;
        if (error < 0)
            _b[q]++;
        _a[q] += mapped + 1 - type >> 1;
        if (_n[q] == _p.Reset)
            (_a[q], _b[q], _n[q]) = (_a[q] >> 1, _b[q] >> 1, _n[q] >> 1);
        _n[q]++;
        return error;
    }

    private void Update(int q, int error)
    {
        int b = _b[q] + error * (2 * _p.Near + 1), n = _n[q];
        _a[q] += Math.Abs(error);
        if (n == _p.Reset)
            (_a[q], b, n) = (_a[q] >> 1, b >> 1, n >> 1);
        n++;
        if (b <= -n)
        {
            b = Math.Max(b + n, 1 - n);
            _c[q] = Math.Max(_c[q] - 1, MinimumBias);
        }
        else if (b > 0)
        {
            b = Math.Min(b - n, 0);
            _c[q] = Math.Min(_c[q] + 1, MaximumBias);
        }
        (_b[q], _n[q]) = (b, n);
    }

    private static int GolombParameter(int n, int a)
    {
        int k = 0;
        while ((long)n << k < a)
            k++;
        return k;
    }

    /// <summary>A Golomb code of limited length (A.5.3): ones' place in unary, then k bits; or the limit's escape and the whole value.</summary>
    private int ReadGolomb(ref JpegBits bits, int k, int limit)
    {
        int escape = limit - _errorBits - 1, zeros = 0;
        while (true)
        {
            int ahead = bits.Peek16();
            if (ahead != 0)
            {
                int run = 15 - System.Numerics.BitOperations.Log2((uint)ahead);
                bits.Skip(run + 1);
                zeros += run;
                break;
            }
            bits.Skip(16);
            zeros += 16;
            if (zeros > escape)
                break;
        }
        if (zeros > escape || k > 16)
            throw new ImageException("the DICOM file is damaged: its JPEG-LS data holds an impossible code");
        return zeros < escape ? zeros << k | bits.Read(k) : bits.Read(_errorBits) + 1;
    }
}
