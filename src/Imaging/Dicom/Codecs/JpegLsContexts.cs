using System.Numerics;

namespace LungSeg.Imaging.Dicom.Codecs;

/// <summary>
/// What a JPEG-LS scan learns as it goes (ISO/IEC 14495-1, A.5 and A.6), and the decoding of one prediction error by it: 365 contexts
/// of the regular mode and two of run interruption.
/// </summary>
internal sealed class JpegLsContexts
{
    private const int Regular = 365, MinimumBias = -128, MaximumBias = 127;

    /// <summary>Sums of error sizes and of errors, the correction, and how many errors there were (the standard's A, B, C and N).</summary>
    private struct Context
    {
        public int A, B, C, N;
    }

    private readonly Context[] _contexts = new Context[Regular + 2];
    private readonly int _limit, _errorBits, _near, _reset;

    public JpegLsContexts(JpegLsParameters parameters)
    {
        (_limit, _errorBits, _near, _reset) = (parameters.Limit, parameters.ErrorBits, parameters.Near, parameters.Reset);
        Array.Fill(_contexts, new Context { A = Math.Max(2, parameters.Range + 32 >> 6), N = 1 });
    }

    /// <summary>The correction that a context has learnt for its predictions.</summary>
    public int Bias(int context) => _contexts[context].C;

    /// <summary>One error in the regular mode, and the context's update by it.</summary>
    public int ReadError(int q, ref JpegBits bits)
    {
        ref Context context = ref _contexts[q];
        int k = GolombParameter(context.N, context.A);
        int mapped = ReadGolomb(ref bits, k, _limit);
        int error = mapped >> 1 ^ -(mapped & 1);
        if (k == 0 && _near == 0 && 2 * context.B <= -context.N)
            error = -error - 1;
        Update(ref context, error);
        return error;
    }

    /// <summary>
    /// One error at the end of a run, <paramref name="runBits"/> being the run's order; type 1 is where left and above agree.
    /// </summary>
    public int ReadInterruption(int type, int runBits, ref JpegBits bits)
    {
        ref Context context = ref _contexts[Regular + type];
        int k = GolombParameter(context.N, type == 0 ? context.A : context.A + (context.N >> 1));
        int mapped = ReadGolomb(ref bits, k, _limit - runBits - 1);
        int sum = mapped + type;
        bool odd = (sum & 1) != 0;
        int size = sum + 1 >> 1;
        // B counts the negative errors of these two contexts.
        int error = (k != 0 || 2 * context.B >= context.N) == odd ? -size : size;
        if (error < 0)
            context.B++;
        context.A += mapped + 1 - type >> 1;
        if (context.N == _reset)
            (context.A, context.B, context.N) = (context.A >> 1, context.B >> 1, context.N >> 1);
        context.N++;
        return error;
    }

    private void Update(ref Context context, int error)
    {
        int b = context.B + error * (2 * _near + 1), n = context.N;
        context.A += Math.Abs(error);
        if (n == _reset)
            (context.A, b, n) = (context.A >> 1, b >> 1, n >> 1);
        n++;
        if (b <= -n)
        {
            b = Math.Max(b + n, 1 - n);
            context.C = Math.Max(context.C - 1, MinimumBias);
        }
        else if (b > 0)
        {
            b = Math.Min(b - n, 0);
            context.C = Math.Min(context.C + 1, MaximumBias);
        }
        (context.B, context.N) = (b, n);
    }

    /// <summary>The least k for which n times 2 to the k reaches a.</summary>
    private static int GolombParameter(int n, int a)
    {
        int k = Math.Max(0, BitOperations.Log2((uint)a) - BitOperations.Log2((uint)n));
        return (long)n << k < a ? k + 1 : k;
    }

    /// <summary>
    /// A Golomb code of limited length (A.5.3): ones' place in unary, then k bits; or the limit's escape and the whole value.
    /// </summary>
    private int ReadGolomb(ref JpegBits bits, int k, int limit)
    {
        int escape = limit - _errorBits - 1, zeros = 0;
        while (true)
        {
            int ahead = bits.Peek16();
            if (ahead != 0)
            {
                int run = 15 - BitOperations.Log2((uint)ahead);
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
