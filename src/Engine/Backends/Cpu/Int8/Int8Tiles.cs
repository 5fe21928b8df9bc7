using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Convolution;
using LungSeg.Engine.Backends.Cpu.MachineCode;
using LungSeg.MachineCode.Abi;

namespace LungSeg.Engine.Backends.Cpu.Int8;

/// <summary>
/// The products of a convolution of bytes: a panel of weights passes over the pixels of some output rows, tile by tile. Results go where
/// the output puts them, or, computed on the way to another operation, into a row of that operation's working memory.
/// </summary>
internal sealed unsafe class Int8Tiles<D, W> where D : struct, IDot<W> where W : struct
{
    private const int MaxPixels = 12, MaxLanes = 32;
    private const int CacheLine = 64;
    private static readonly nint[] MachineCode = VnniKernels.IsSupported
        ? [.. Enumerable.Range(0, 2 * MaxPixels).Select(i => (nint)VnniKernels.For((i % MaxPixels) + 1, (i / MaxPixels) + 1))] : [];

    private readonly ConvGeometry _geometry;
    private readonly ByteRows _rows;
    private readonly Int8Weights _weights;
    private readonly AlignedValues<int> _bias;
    private readonly Int8Output<D, W> _output;
    private readonly bool _machineCode;

    public Int8Tiles(ConvGeometry geometry, ByteRows rows, Int8Weights weights, int[] bias, Int8Output<D, W> output, bool machineCode)
    {
        (_geometry, _rows, _weights, _output, _machineCode) = (geometry, rows, weights, output, machineCode);
        _bias = new AlignedValues<int>(bias);
    }

    public ConvGeometry Geometry => _geometry;

    public ByteRows Rows => _rows;

    public Int8Weights Weights => _weights;

    /// <summary>Computes the outputs of a panel for columns from left to before right of rows from first to before last.</summary>
    /// <param name="origin">What the offsets of rows and columns count from: <see cref="ByteRows.Origin"/>, if those are gathered.</param>
    /// <param name="n">The image.</param>
    /// <param name="first">The first row; gathered rows begin with the ones that it reads.</param>
    /// <param name="last">The row past the last.</param>
    /// <param name="left">The first column.</param>
    /// <param name="right">The column past the last.</param>
    /// <param name="panel">The panel.</param>
    /// <param name="target">Where bytes of column 0 and channel 0 of the one row go; null for the output's own place.</param>
    /// <param name="targetStep">Bytes from a pixel there to the next.</param>
    [SkipLocalsInit]
    public void Run(
        byte* origin, int n, int first, int last, int left, int right, Panel panel, byte* target = null, nint targetStep = 0)
    {
        int tiles = (right - left + D.TileRows - 1) / D.TileRows;
        Int8Run* runs = stackalloc Int8Run[Math.Max(1, _geometry.R * _geometry.S)];
        // Vectors across two cache lines would take twice as long.
        byte* room = stackalloc byte[(MaxPixels * MaxLanes * sizeof(int)) + CacheLine];
        int* sums = (int*)(((nint)room + CacheLine - 1) / CacheLine * CacheLine), bias = _bias.Data;
        Int8Tile tile;
        tile.InputStride = _geometry.Stride * _rows.PixelStep;
        tile.Weights = _weights.Data + panel.Weights;
        tile.Runs = runs;
        tile.Initial = bias + panel.Bias;
        tile.InitialStride = 0;
        tile.Sums = sums;
        tile.SumsStride = panel.Vectors * D.Width;
        byte* input = origin + (panel.Group * _weights.InputsPerGroup);
        bool perTile = _geometry.Dilation > 1 && _rows.CanSkip;
        for (int h = first; h < last; h++)
        {
            if (!perTile) tile.RunCount = CollectRuns(runs, h, first, panel, left, right);
            for (int t = 0; t < tiles; t++)
            {
                int begin = left + (t * (right - left) / tiles), end = left + ((t + 1) * (right - left) / tiles);
                if (perTile) tile.RunCount = CollectRuns(runs, h, first, panel, begin, end);
                tile.Input = input + (begin * tile.InputStride);
                tile.Next = tile.Input + ((end - begin) * tile.InputStride);
                if (_machineCode)
                {
                    nint code = MachineCode[((panel.Vectors - 1) * MaxPixels) + end - begin - 1];
                    ((delegate* unmanaged[SuppressGCTransition]<Int8Tile*, void>)code)(&tile);
                }
                else
                {
                    Int8MicroKernel<D, W>.For(end - begin, panel.Vectors)(&tile);
                }
                if (target == null) _output.Store(sums, tile.SumsStride, panel, n, h, begin, end - begin);
                else _output.Store(sums, tile.SumsStride, panel, target + (begin * targetStep), targetStep, end - begin);
            }
        }
    }

    /// <summary>
    /// The stretches of the reduction for tiles between two output columns. Where the zero point is 0 there are none for kernel rows
    /// outside the image, nor for dilated columns that the whole tile has outside. Without dilation and groups a kernel row is one stretch.
    /// </summary>
    private int CollectRuns(Int8Run* runs, int h, int first, Panel panel, int begin, int end)
    {
        nint step = _rows.PixelStep, row = (nint)_weights.Steps * 4 * panel.Vectors * D.Width;
        bool whole = _geometry.Dilation == 1 && _weights.Groups == 1 && step == _weights.Steps * 4;
        int count = 0;
        for (int r = 0; r < _geometry.R; r++)
        {
            if (_rows.CanSkip && !_rows.IsInside(h, r)) continue;
            nint offset = _rows.RowOffset(h, first, r);
            if (whole)
            {
                runs[count++] = new Int8Run
                {
                    Input = offset,
                    Weights = r * _geometry.S * row,
                    Length = (nint)_geometry.S * _weights.Steps,
                };
                continue;
            }
            for (int s = 0; s < _geometry.S; s++)
            {
                int column = (s * _geometry.Dilation) - _geometry.PadLeft;
                bool outside = ((end - 1) * _geometry.Stride) + column < 0 || (begin * _geometry.Stride) + column >= _rows.Width;
                if (_rows.CanSkip && outside) continue;
                runs[count++] = new Int8Run
                {
                    Input = offset + (s * _geometry.Dilation * step),
                    Weights = ((r * _geometry.S) + s) * row,
                    Length = _weights.Steps,
                };
            }
        }
        return count;
    }
}
