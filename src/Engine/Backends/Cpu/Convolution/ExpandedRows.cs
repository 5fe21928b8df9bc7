using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// Rows of a 1x1 convolution, computed when the depthwise convolution after it wants them, so that the wide map between the
/// two (an inverted residual's expansion) is never in memory.
/// </summary>
internal sealed unsafe class ExpandedRows<S, V>(View source, PackedWeights weights, Activation activation, ConvGeometry geometry) : IRowSource
    where S : struct, ISimd<V> where V : struct
{
    private readonly int _columns = Math.Min(source.Shape.W, geometry.PaddedWidth - geometry.PadLeft);

    public void FillRow(float* target, int n, int row, int channel, int channels)
    {
        int tiles = (_columns + S.TileRows - 1) / S.TileRows;
        bool epilogue = Epilogue<S, V>.IsNeeded(activation);
        float* input = source.Pixel(n, row, 0), output = target + ((nint)geometry.PadLeft * channels);
        Run run;
        run.Input = run.Weights = 0;
        run.Length = source.Shape.C;
        Tile tile;
        tile.Runs = &run;
        tile.RunCount = 1;
        tile.InputStride = source.PixelStride;
        tile.InitialStride = 0;
        tile.Residual = null;
        tile.ResidualStride = 0;
        tile.OutputStride = channels;
        tile.Floor = Epilogue<S, V>.Floor(activation);
        foreach (Panel panel in weights.Panels)
        {
            if (panel.OutputChannel < channel || panel.OutputChannel >= channel + channels) continue;
            tile.Weights = weights.Data + panel.Weights;
            tile.Initial = weights.Data + panel.Bias;
            for (int t = 0; t < tiles; t++)
            {
                int begin = t * _columns / tiles, count = ((t + 1) * _columns / tiles) - begin;
                tile.Input = input + (begin * tile.InputStride);
                tile.Output = output + ((nint)begin * channels) + (panel.OutputChannel - channel);
                MicroKernel<S, V>.For(count, panel.Vectors)(&tile);
                if (epilogue) Epilogue<S, V>.Apply(activation, tile.Output, channels, count, panel.Vectors);
            }
        }
    }
}
