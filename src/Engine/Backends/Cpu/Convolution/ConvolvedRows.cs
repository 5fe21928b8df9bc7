using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>Rows of a plain convolution: an inverted residual's expansion, or a network's first layer.</summary>
internal sealed unsafe class ConvolvedRows<S, V>(
    ConvSource[] sources, ConvGeometry convolution, PackedWeights weights, Activation activation, ConvGeometry reader) : IRowSource
    where S : struct, ISimd<V> where V : struct
{
    private readonly Gather _gather = new(sources, convolution);
    private readonly int _channels = sources.Sum(source => source.Map.Shape.C);
    private readonly int _columns = Math.Min(convolution.OutputWidth, reader.PaddedWidth - reader.PadLeft);

    public nint ScratchFloats(int channels) => _gather.Floats(_channels);

    [SkipLocalsInit]
    public void FillRow(float* target, nint pixelStep, int n, int row, int channel, int channels, float* scratch)
    {
        _gather.Fill(scratch, n, row, row + 1, 0, _channels);
        Run* runs = stackalloc Run[convolution.R * convolution.S];
        Tile tile;
        tile.Runs = runs;
        tile.InputStride = convolution.Stride * _gather.PixelStep(_channels);
        tile.InitialStride = 0;
        tile.Residual = null;
        tile.ResidualStride = 0;
        tile.OutputStride = pixelStep;
        tile.Floor = Epilogue<S, V>.Floor(activation);
        bool epilogue = Epilogue<S, V>.IsNeeded(activation);
        float* input = _gather.Origin(scratch, n, 0), output = target + (reader.PadLeft * pixelStep);
        int tiles = (_columns + S.TileRows - 1) / S.TileRows;
        foreach (Panel panel in weights.Panels)
        {
            if (panel.OutputChannel < channel || panel.OutputChannel >= channel + channels) continue;
            tile.RunCount = CollectRuns(runs, row, panel.Vectors * S.Width);
            tile.Weights = weights.Data + panel.Weights;
            tile.Initial = weights.Data + panel.Bias;
            for (int t = 0; t < tiles; t++)
            {
                int begin = t * _columns / tiles, pixels = ((t + 1) * _columns / tiles) - begin;
                tile.Input = input + (begin * tile.InputStride);
                tile.Next = tile.Input + (pixels * tile.InputStride);
                tile.Output = output + (begin * pixelStep) + (panel.OutputChannel - channel);
                MicroKernel<S, V>.For(pixels, panel.Vectors)(&tile);
                if (epilogue) Epilogue<S, V>.Apply(activation, tile.Output, pixelStep, pixels, panel.Vectors);
            }
        }
    }

    // One run for each tap, or for each row of taps where the columns of a window lie side by side.
    private int CollectRuns(Run* runs, int row, int lanes)
    {
        nint step = _gather.PixelStep(_channels);
        int perRow = step == _channels ? 1 : convolution.S, length = _channels * convolution.S / perRow, count = 0;
        for (int r = 0; r < convolution.R; r++)
        {
            if (!_gather.IsInside(row, r)) continue;
            nint offset = _gather.RowOffset(row, row, r, _channels);
            for (int s = 0; s < perRow; s++)
                runs[count++] = new Run
                {
                    Input = offset + (s * step),
                    Weights = (nint)((r * perRow) + s) * length * lanes,
                    Length = length
                };
        }
        return count;
    }
}
