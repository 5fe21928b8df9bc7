using ILGPU;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Convolution;

/// <summary>
/// A network's first convolution, from planar float32. All weights lie in shared memory. A warp makes 8 filters of 128 pixels of a
/// row: a lane's four pixels are 32 apart, so that neighbouring lanes read neighbouring columns and all lanes the same weights.
/// </summary>
internal static class PlanarConv
{
    public const int Threads = 256;

    /// <summary>Pixels of a row for each block.</summary>
    public const int TilePixels = 4 * 32;

    /// <summary>Room for the weights: 3 · 7 · 7 · 64 floats and some more.</summary>
    public const int SharedBytes = 40 * 1024;

    public static void Run<T>(PlanarConvParameters p) where T : struct, IStorage
    {
        int padded = IntMath.RoundUp8(p.Output.Channels), taps = p.Channels * p.Window.R * p.Window.S;
        uint shared = Shared.Base();
        for (int i = Group.IdxX * 4; i < taps * padded; i += Threads * 4)
            Shared.Store(shared + (uint)(i * sizeof(float)), Global.LoadFloat4(p.Weights + (i * (long)sizeof(float))));
        Group.Barrier();

        int vectors = padded / 8, index = (Grid.IdxY * (Threads / 32)) + (Group.IdxX / 32), row = index / vectors,
            channel = (index - (row * vectors)) * 8;
        int column = (Grid.IdxX * TilePixels) + Warp.LaneIdx;
        if (row >= p.Output.Height) return;
        int top = (row * p.Window.Stride) - p.Window.PadTop, left = (column * p.Window.Stride) - p.Window.PadLeft,
            step = 32 * p.Window.Stride;
        Strip sums = Strip.Of(p.Bias != 0 ? Channels<F32>.Load(p.Bias + (channel * (long)sizeof(float))) : Float8.Splat(0));
        uint weights = shared + (uint)(channel * sizeof(float));
        long plane = p.Input + (Grid.IdxZ * ((long)p.Channels * p.Height * p.Width * sizeof(float)));
        for (int c = 0; c < p.Channels; c++)
        {
            for (int r = 0; r < p.Window.R; r++)
            {
                int y = top + (r * p.Window.Dilation);
                bool inside = (uint)y < (uint)p.Height;
                long line = plane + (((((long)c * p.Height) + y) * p.Width) * sizeof(float));
                for (int s = 0; s < p.Window.S; s++)
                {
                    Float8 weight;
                    weight.Low = Shared.LoadFloat4(weights);
                    weight.High = Shared.LoadFloat4(weights + 16);
                    weights += (uint)(padded * sizeof(float));
                    int x = left + (s * p.Window.Dilation);
                    sums.P0 = sums.P0.PlusProduct(Column(p, line, x, inside), weight);
                    sums.P1 = sums.P1.PlusProduct(Column(p, line, x + step, inside), weight);
                    sums.P2 = sums.P2.PlusProduct(Column(p, line, x + (2 * step), inside), weight);
                    sums.P3 = sums.P3.PlusProduct(Column(p, line, x + (3 * step), inside), weight);
                }
            }
        }

        Store<T>(p, row, column, channel, sums.P0);
        Store<T>(p, row, column + 32, channel, sums.P1);
        Store<T>(p, row, column + 64, channel, sums.P2);
        Store<T>(p, row, column + 96, channel, sums.P3);
    }

    private static Float8 Column(PlanarConvParameters p, long line, int x, bool inside) =>
        Float8.Splat(Global.LoadFloatOrZero(line + (x * (long)sizeof(float)), inside & (uint)x < (uint)p.Width));

    private static void Store<T>(PlanarConvParameters p, int row, int column, int channel, Float8 sums) where T : struct, IStorage
    {
        if (column < p.Output.Width)
            default(T).Store(p.Output.Element<T>(Grid.IdxZ, row, column, channel), Activations.Apply(sums, p.Activation));
    }
}
