using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Convolution;
using LungSeg.Engine.Backends.Cpu.MachineCode;
using LungSeg.MachineCode.Abi;

namespace LungSeg.Engine.Backends.Cpu.Int8;

/// <summary>
/// Convolution of bytes with any window: stride, dilation, groups, several inputs side by side. A unit is some output rows of one image, or
/// some pixels where all of an image is one row; it gathers the rows it reads, then each panel of weights passes over all of its tiles.
/// </summary>
internal sealed unsafe class Int8Conv<D, W> : Kernel where D : struct, IDot<W> where W : struct
{
    private const int MaxPixels = 12, MaxLanes = 32;

    // For the gathered rows of a unit: half of the smallest common second-level cache.
    private const int CacheBytes = 1 << 19;
    private const int WantedUnits = 16;
    private const int CacheLine = 64;
    private static readonly nint[] MachineCode = VnniKernels.IsSupported
        ? [.. Enumerable.Range(0, 2 * MaxPixels).Select(i => (nint)VnniKernels.For((i % MaxPixels) + 1, (i / MaxPixels) + 1))] : [];

    private readonly ConvGeometry _geometry;
    private readonly Int8Weights _weights;
    private readonly AlignedValues<int> _bias;
    private readonly Int8Output<D, W> _output;
    private readonly ByteRows _rows;
    private readonly bool _machineCode;
    private readonly int _rowsPerUnit;
    private readonly int _rowUnits;
    private readonly int _columnUnits;
    private readonly int _panelUnits;
    private readonly int _images;

    public Int8Conv(
        string name, ByteSource[] sources, ConvGeometry geometry, byte zero, Int8Weights weights, int[] bias, Int8Output<D, W> output,
        bool machineCode)
    {
        Name = name;
        (_geometry, _weights, _output, _machineCode) = (geometry, weights, output, machineCode);
        _bias = new AlignedValues<int>(bias);
        _images = sources[0].Map.Shape.N;
        int height = geometry.OutputHeight, pitch = sources.Sum(source => source.Map.Shape.C) * geometry.PaddedWidth;
        int maximum = Math.Max(1, height / WantedUnits);
        _rowsPerUnit = 1;
        while (_rowsPerUnit < maximum && ((_rowsPerUnit * geometry.Stride) + geometry.R) * pitch < CacheBytes) _rowsPerUnit++;
        _rows = new ByteRows(sources, geometry, _rowsPerUnit, zero);
        _rowUnits = (height + _rowsPerUnit - 1) / _rowsPerUnit;
        int tiles = (geometry.OutputWidth + D.TileRows - 1) / D.TileRows, perTile = (_rows.Channels + weights.Lanes) * D.TileRows;
        _columnUnits = _rows.IsInPlace && _rowUnits < WantedUnits
            ? Math.Min(Math.Max(WantedUnits / _rowUnits, tiles * perTile / CacheBytes), Math.Max(tiles / 2, 1)) : 1;
        _panelUnits = _rows.IsInPlace
            ? Math.Min((WantedUnits + (_rowUnits * _columnUnits) - 1) / (_rowUnits * _columnUnits), weights.Panels.Length) : 1;
    }

    public override string Name { get; }

    public override KernelKind Kind => new(GetType(), R: _geometry.R, S: _geometry.S, Variant: _weights.Groups);

    public override int Units => _images * _rowUnits * _columnUnits * _panelUnits;

    public override nint ScratchFloats => (_rows.Bytes + sizeof(float) - 1) / sizeof(float);

    public override void Run(int begin, int end, float* scratch)
    {
        for (int unit = begin; unit < end; unit++)
        {
            int panels = unit % _panelUnits, rest = unit / _panelUnits, columns = rest % _columnUnits;
            rest /= _columnUnits;
            int n = rest / _rowUnits, first = rest % _rowUnits * _rowsPerUnit;
            int last = Math.Min(first + _rowsPerUnit, _geometry.OutputHeight);
            _rows.Fill((byte*)scratch, n, first, last);
            int left = columns * _geometry.OutputWidth / _columnUnits, right = (columns + 1) * _geometry.OutputWidth / _columnUnits;
            int endPanel = (panels + 1) * _weights.Panels.Length / _panelUnits;
            for (int p = panels * _weights.Panels.Length / _panelUnits; p < endPanel; p++)
                RunPanel((byte*)scratch, n, first, last, left, right, _weights.Panels[p]);
        }
    }

    [SkipLocalsInit]
    private void RunPanel(byte* buffer, int n, int first, int last, int left, int right, Panel panel)
    {
        int tiles = (right - left + D.TileRows - 1) / D.TileRows;
        Int8Run* runs = stackalloc Int8Run[Math.Max(1, _geometry.R * _geometry.S)];
        // Vectors across two cache lines would take twice as long.
        byte* room = stackalloc byte[(MaxPixels * MaxLanes * sizeof(int)) + CacheLine];
        int* sums = (int*)(((nint)room + CacheLine - 1) / CacheLine * CacheLine), bias = _bias.Data;
        {
            Int8Tile tile;
            tile.InputStride = _geometry.Stride * _rows.PixelStep;
            tile.Weights = _weights.Data + panel.Weights;
            tile.Runs = runs;
            tile.Initial = bias + panel.Bias;
            tile.InitialStride = 0;
            tile.Sums = sums;
            tile.SumsStride = panel.Vectors * D.Width;
            byte* input = _rows.Origin(buffer, n) + (panel.Group * _weights.InputsPerGroup);
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
                    _output.Store(sums, tile.SumsStride, panel, n, h, begin, end - begin);
                }
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
