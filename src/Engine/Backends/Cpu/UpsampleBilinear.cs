using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>Bilinear resizing, vectors running along the channels; rows and weights of both axes are laid down once. A unit is an output row.</summary>
internal sealed unsafe class UpsampleBilinear<S, V> : Kernel where S : struct, ISimd<V> where V : struct
{
    private readonly View _source;
    private readonly View _target;
    private readonly Activation _activation;
    private readonly (int Low, int High, float Weight)[] _rows;
    private readonly (int Low, int High, float Weight)[] _columns;

    public UpsampleBilinear(string name, UpsampleBilinearOp op, View source, View target)
    {
        Name = name;
        _source = source;
        _target = target;
        _activation = op.Activation;
        _rows = [.. Enumerable.Range(0, target.Shape.H).Select(h => op.Source(h, source.Shape.H, target.Shape.H))];
        _columns = [.. Enumerable.Range(0, target.Shape.W).Select(w => op.Source(w, source.Shape.W, target.Shape.W))];
    }

    public override string Name { get; }

    public override int Units => _target.Shape.N * _target.Shape.H;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int begin, int end, float* scratch)
    {
        nint channels = _source.PixelStride;
        for (int unit = begin; unit < end; unit++)
        {
            int n = unit / _target.Shape.H;
            (int low, int high, float weight) = _rows[unit % _target.Shape.H];
            float* top = _source.Pixel(n, low, 0), bottom = _source.Pixel(n, high, 0), output = _target.Pixel(n, unit % _target.Shape.H, 0);
            V down = S.Broadcast(weight), up = S.Broadcast(1 - weight);
            foreach ((int left, int right, float across) in _columns)
            {
                V toRight = S.Broadcast(across), toLeft = S.Broadcast(1 - across);
                float* a = top + (left * channels), b = top + (right * channels), c = bottom + (left * channels), d = bottom + (right * channels);
                for (nint i = 0; i < channels; i += S.Width, output += S.Width)
                {
                    V upper = S.MultiplyAdd(S.Load(b + i), toRight, S.Multiply(S.Load(a + i), toLeft));
                    V lower = S.MultiplyAdd(S.Load(d + i), toRight, S.Multiply(S.Load(c + i), toLeft));
                    S.Store(Elementary<S, V>.Activate(S.MultiplyAdd(lower, down, S.Multiply(upper, up)), _activation), output);
                }
            }
        }
    }
}
