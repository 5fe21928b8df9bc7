using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>
/// First step of position attention: the scores center · topᵀ, an HW x HW map for each image, with each row's greatest
/// score behind the map. A unit is one pixel of center.
/// </summary>
internal sealed unsafe class AttentionScores<S, V>(string name, CpuTensor top, CpuTensor center, CpuTensor scores) : Kernel
    where S : struct, ISimd<V> where V : struct
{
    private readonly int _pixels = top.Shape.H * top.Shape.W;

    public override string Name => name;

    public override int Units => top.Shape.N * _pixels;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int begin, int end, float* scratch)
    {
        nint stride = top.PixelStride;
        for (int unit = begin; unit < end; unit++)
        {
            float* query = center.Data + (unit * stride), key = top.Data + (unit / _pixels * _pixels * stride);
            float* row = scores.Data + ((nint)unit * _pixels);
            float greatest = float.NegativeInfinity;
            for (int pixel = 0; pixel < _pixels; pixel++, key += stride)
            {
                float score = Dot(query, key, top.Shape.C);
                row[pixel] = score;
                greatest = Math.Max(greatest, score);
            }
            scores.Data[((nint)Units * _pixels) + unit] = greatest;
        }
    }

    private static float Dot(float* a, float* b, int count)
    {
        WideSum<S, V> sums = default;
        int i = 0;
        for (; i + CpuTensor.Lanes <= count; i += CpuTensor.Lanes) sums.AddProducts(a + i, b + i);
        float rest = 0;
        for (; i < count; i++) rest = Single<S, V>.MultiplyAdd(a[i], b[i], rest);
        return sums.Total() + rest;
    }
}

/// <summary>
/// Second step: the softmax over a whole map needs its greatest score and then the sum of all exponentials. A unit is one row;
/// it replaces the scores by exponentials and lays their sum down behind the rows' greatest scores.
/// </summary>
internal sealed unsafe class AttentionExponentials<S, V>(string name, CpuTensor scores, int images, int pixels) : Kernel
    where S : struct, ISimd<V> where V : struct
{
    public override string Name => name;

    public override int Units => images * pixels;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int begin, int end, float* scratch)
    {
        float* greatestOfRows = scores.Data + ((nint)Units * pixels), sums = greatestOfRows + Units;
        for (int unit = begin; unit < end; unit++)
        {
            int n = unit / pixels;
            float greatest = float.NegativeInfinity;
            for (int row = n * pixels; row < (n + 1) * pixels; row++) greatest = Math.Max(greatest, greatestOfRows[row]);
            float* p = scores.Data + ((nint)unit * pixels);
            V shift = S.Broadcast(greatest);
            WideSum<S, V> sum = default;
            int i = 0;
            for (; i + CpuTensor.Lanes <= pixels; i += CpuTensor.Lanes)
            {
                for (float* x = p + i; x < p + i + CpuTensor.Lanes; x += S.Width)
                    S.Store(Elementary<S, V>.Exp(S.Subtract(S.Load(x), shift)), x);
                sum.Add(p + i);
            }
            float rest = 0;
            for (; i < pixels; i++) rest += p[i] = Single<S, V>.Exp(p[i] - greatest);
            sums[unit] = sum.Total() + rest;
        }
    }
}

/// <summary>
/// Third step: the map times bottomᵀ, divided by the map's sum. Row i, channel k of the product is element i · C + k of the
/// result read as C x H x W. A unit is one row.
/// </summary>
internal sealed unsafe class AttentionProduct<S, V>(string name, CpuTensor scores, CpuTensor bottom, CpuTensor target) : Kernel
    where S : struct, ISimd<V> where V : struct
{
    private readonly int _pixels = bottom.Shape.H * bottom.Shape.W;

    public override string Name => name;

    public override int Units => bottom.Shape.N * _pixels;

    public override nint ScratchFloats => bottom.Channels;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int begin, int end, float* scratch)
    {
        float* sums = scores.Data + ((nint)Units * _pixels) + Units;
        nint stride = bottom.PixelStride;
        for (int unit = begin; unit < end; unit++)
        {
            int n = unit / _pixels;
            double sum = 0;
            for (int row = n * _pixels; row < (n + 1) * _pixels; row++) sum += sums[row];
            V norm = S.Broadcast((float)(1 / sum));
            float* weights = scores.Data + ((nint)unit * _pixels), values = bottom.Pixel(n, 0, 0);
            for (nint c = 0; c < bottom.Channels; c += S.Width)
            {
                V product = S.Broadcast(0);
                float* value = values + c;
                for (int pixel = 0; pixel < _pixels; pixel++, value += stride)
                    product = S.MultiplyAdd(S.Broadcast(weights[pixel]), S.Load(value), product);
                S.Store(S.Multiply(product, norm), scratch + c);
            }
            for (int k = 0; k < bottom.Shape.C; k++)
            {
                int element = (unit % _pixels * bottom.Shape.C) + k;
                target.Pixel(n, 0, 0)[(element % _pixels * stride) + (element / _pixels)] = scratch[k];
            }
        }
    }
}
