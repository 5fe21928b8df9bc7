using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>A function of one or two numbers, applied element by element.</summary>
internal interface IElementFunction<S, V> where S : struct, ISimd<V> where V : struct
{
    static abstract V Apply(V a, V b);
}

internal readonly struct Sum<S, V> : IElementFunction<S, V> where S : struct, ISimd<V> where V : struct
{
    public static V Apply(V a, V b) => S.Add(a, b);
}

internal readonly struct Product<S, V> : IElementFunction<S, V> where S : struct, ISimd<V> where V : struct
{
    public static V Apply(V a, V b) => S.Multiply(a, b);
}

/// <summary>
/// Sum or product of two tensors, then an activation. Either operand may have one pixel, or one channel, which is spread
/// over the other. A unit is a row of the result.
/// </summary>
internal sealed unsafe class Elementwise<S, V, F>(string name, CpuTensor a, CpuTensor b, CpuTensor target, Activation activation) : Kernel
    where S : struct, ISimd<V> where V : struct where F : struct, IElementFunction<S, V>
{
    public override string Name => name;

    public override int Units => target.Shape.N * target.Shape.H;

    public override void Run(int begin, int end, float* scratch)
    {
        for (int unit = begin; unit < end; unit++)
        {
            int n = unit / target.Shape.H, h = unit % target.Shape.H;
            Row(Start(a, n, h), Step(a), a.Shape.C == 1, Start(b, n, h), Step(b), b.Shape.C == 1, target.Pixel(n, h, 0));
        }
    }

    private static float* Start(CpuTensor map, int n, int h) => map.Pixel(n, map.Shape.H == 1 ? 0 : h, 0);

    private static nint Step(CpuTensor map) => map.Shape is { H: 1, W: 1 } ? 0 : map.PixelStride;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Row(float* x, nint xStep, bool xSingle, float* y, nint yStep, bool ySingle, float* output)
    {
        for (int w = 0; w < target.Shape.W; w++, x += xStep, y += yStep, output += target.PixelStride)
        {
            for (nint c = 0; c < target.Channels; c += S.Width)
            {
                V left = xSingle ? S.Broadcast(*x) : S.Load(x + c), right = ySingle ? S.Broadcast(*y) : S.Load(y + c);
                S.Store(Elementary<S, V>.Activate(F.Apply(left, right), activation), output + c);
            }
        }
    }
}
