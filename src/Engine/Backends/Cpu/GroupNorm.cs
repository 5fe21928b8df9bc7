using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>
/// First half of group normalisation: mean and sum of squared deviations of each row, by channel, laid down as
/// [image][row][2][channel]. Two passes over a row keep the small variance of large numbers. A unit is a row.
/// </summary>
internal sealed unsafe class RowMoments<S, V>(string name, CpuTensor source, CpuTensor moments) : Kernel
    where S : struct, ISimd<V> where V : struct
{
    public override string Name => name;

    public override int Units => source.Shape.N * source.Shape.H;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int begin, int end, float* scratch)
    {
        nint channels = source.Channels, stride = source.PixelStride;
        V width = S.Broadcast(source.Shape.W);
        for (int unit = begin; unit < end; unit++)
        {
            float* row = source.Pixel(unit / source.Shape.H, unit % source.Shape.H, 0), output = moments.Data + (unit * 2 * channels);
            for (nint c = 0; c < channels; c += S.Width)
            {
                V sum = S.Broadcast(0), squares = S.Broadcast(0);
                float* x = row + c;
                for (int w = 0; w < source.Shape.W; w++, x += stride) sum = S.Add(sum, S.Load(x));
                V mean = S.Divide(sum, width);
                x = row + c;
                for (int w = 0; w < source.Shape.W; w++, x += stride)
                {
                    V deviation = S.Subtract(S.Load(x), mean);
                    squares = S.MultiplyAdd(deviation, deviation, squares);
                }
                S.Store(mean, output + c);
                S.Store(squares, output + channels + c);
            }
        }
    }
}

/// <summary>
/// Second half: adds the rows' moments up in double precision, by Chan's rule, and normalises with a scale and a shift by
/// channel. A unit is a row; each worker adds up the moments of the images that it meets.
/// </summary>
internal sealed unsafe class GroupNorm<S, V>(
    string name, GroupNormOp op, CpuTensor source, CpuTensor moments, NativeMemoryBlock weights, CpuTensor target)
    : Kernel where S : struct, ISimd<V> where V : struct
{
    public override string Name => name;

    public override int Units => source.Shape.N * source.Shape.H;

    public override nint ScratchFloats => 2 * source.Channels;

    /// <summary>Packs weights, then biases, padded with zeros.</summary>
    public static NativeMemoryBlock Pack(Parameter weights, Parameter biases)
    {
        float[] weight = weights.Read(), bias = biases.Read();
        int channels = CpuTensor.Padded(weight.Length);
        var packed = new NativeMemoryBlock(2 * channels);
        weight.CopyTo(new Span<float>(packed.Data, weight.Length));
        bias.CopyTo(new Span<float>(packed.Data + channels, bias.Length));
        return packed;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int begin, int end, float* scratch)
    {
        nint channels = source.Channels;
        float* scale = scratch, shift = scratch + channels;
        int image = -1;
        for (int unit = begin; unit < end; unit++)
        {
            int n = unit / source.Shape.H, h = unit % source.Shape.H;
            if (n != image) ScaleAndShift(image = n, scale, shift);
            float* x = source.Pixel(n, h, 0), output = target.Pixel(n, h, 0);
            for (int w = 0; w < source.Shape.W; w++, x += source.PixelStride, output += target.PixelStride)
            {
                for (nint c = 0; c < channels; c += S.Width)
                    S.Store(Elementary<S, V>.Activate(S.MultiplyAdd(S.Load(x + c), S.Load(scale + c), S.Load(shift + c)), op.Activation),
                        output + c);
            }
        }
    }

    private void ScaleAndShift(int n, float* scale, float* shift)
    {
        int perGroup = source.Shape.C / op.Groups, rows = source.Shape.H;
        nint channels = source.Channels;
        new Span<float>(scale, (int)(2 * channels)).Clear();
        for (int group = 0; group < op.Groups; group++)
        {
            double mean = 0, squares = 0;
            for (int pass = 0; pass < 2; pass++)
            {
                double sum = 0;
                for (int h = 0; h < rows; h++)
                {
                    float* row = moments.Data + (((n * rows) + h) * 2 * channels);
                    for (int c = group * perGroup; c < (group + 1) * perGroup; c++)
                    {
                        double deviation = row[c] - mean;
                        sum += pass == 0 ? row[c] : row[channels + c] + (source.Shape.W * deviation * deviation);
                    }
                }
                if (pass == 0) mean = sum / (rows * perGroup);
                else squares = sum;
            }
            double gain = 1 / Math.Sqrt((squares / ((double)rows * source.Shape.W * perGroup)) + op.Eps);
            for (int c = group * perGroup; c < (group + 1) * perGroup; c++)
            {
                scale[c] = (float)(weights.Data[c] * gain);
                shift[c] = (float)(weights.Data[channels + c] - (mean * weights.Data[c] * gain));
            }
        }
    }
}
