using LungSeg.Engine.Backends.Cpu.Convolution;

namespace LungSeg.Engine.Backends.Cpu.Int8;

/// <summary>
/// Convolution of bytes with any window: stride, dilation, groups, several inputs side by side. A unit is some output rows of one image, or
/// some pixels where all of an image is one row; it gathers the rows it reads, then each panel of weights passes over all of its tiles.
/// Where a head takes the pixels, they are in working memory only.
/// </summary>
internal sealed unsafe class Int8Conv<D, W> : Kernel where D : struct, IDot<W> where W : struct
{
    // For the gathered rows of a unit: half of the smallest common second-level cache.
    private const int CacheBytes = 1 << 19;
    private const int WantedUnits = 16;

    // Pixels that a head takes at once, where all of an image is one row.
    private const int HeadPixels = 240;
    private readonly Int8Tiles<D, W> _tiles;
    private readonly Int8Tiles<D, W>? _head;
    private readonly ConvGeometry _geometry;
    private readonly Panel[] _panels;
    private readonly ByteRows _rows;
    private readonly int _rowsPerUnit;
    private readonly int _rowUnits;
    private readonly int _columnUnits;
    private readonly int _panelUnits;
    private readonly int _images;

    /// <summary>A convolution, or a 1x1 one whose pixels a head takes as they are made.</summary>
    public Int8Conv(string name, int images, Int8Tiles<D, W> tiles, Int8Tiles<D, W>? head = null)
    {
        Name = name;
        (_tiles, _head, _images) = (tiles, head, images);
        (_geometry, _rows, _panels) = (tiles.Geometry, tiles.Rows, tiles.Weights.Panels);
        int height = _geometry.OutputHeight, lanes = tiles.Weights.Lanes;
        _rowsPerUnit = head is null ? RowsPerUnit(_geometry, _rows.Channels) : 1;
        _rowUnits = (height + _rowsPerUnit - 1) / _rowsPerUnit;
        int columns = (_geometry.OutputWidth + D.TileRows - 1) / D.TileRows, perTile = (_rows.Channels + lanes) * D.TileRows;
        _columnUnits = _rows.IsInPlace && _rowUnits < WantedUnits
            ? Math.Min(Math.Max(WantedUnits / _rowUnits, columns * perTile / CacheBytes), Math.Max(columns / 2, 1)) : 1;
        if (head is not null && _rows.IsInPlace)
            _columnUnits = Math.Max(_columnUnits, (_geometry.OutputWidth + HeadPixels - 1) / HeadPixels);
        _panelUnits = _rows.IsInPlace && head is null
            ? Math.Min((WantedUnits + (_rowUnits * _columnUnits) - 1) / (_rowUnits * _columnUnits), _panels.Length) : 1;
    }

    public override string Name { get; }

    public override KernelKind Kind => new(GetType(), R: _geometry.R, S: _geometry.S, Variant: _tiles.Weights.Groups);

    public override int Units => _images * _rowUnits * _columnUnits * _panelUnits;

    public override nint ScratchFloats => (_rows.Bytes + HeadBytes + sizeof(float) - 1) / sizeof(float);

    private nint HeadBytes => _head is null ? 0 : ((_geometry.OutputWidth / _columnUnits) + 1) * _head.Rows.PixelStep;

    /// <summary>How many output rows share the rows that they gather.</summary>
    public static int RowsPerUnit(ConvGeometry geometry, int channels)
    {
        int maximum = Math.Max(1, geometry.OutputHeight / WantedUnits), pitch = channels * geometry.PaddedWidth, rows = 1;
        while (rows < maximum && ((rows * geometry.Stride) + geometry.R) * pitch < CacheBytes) rows++;
        return rows;
    }

    public override void Run(int begin, int end, float* scratch)
    {
        byte* buffer = (byte*)scratch, pixels = buffer + _rows.Bytes;
        for (int unit = begin; unit < end; unit++)
        {
            int part = unit % _panelUnits, rest = unit / _panelUnits, columns = rest % _columnUnits;
            rest /= _columnUnits;
            int n = rest / _rowUnits, first = rest % _rowUnits * _rowsPerUnit;
            int last = Math.Min(first + _rowsPerUnit, _geometry.OutputHeight);
            _rows.Fill(buffer, n, first, last);
            byte* origin = _rows.Origin(buffer, n);
            int left = (int)((long)columns * _geometry.OutputWidth / _columnUnits);
            int right = (int)((long)(columns + 1) * _geometry.OutputWidth / _columnUnits);
            int endPanel = (part + 1) * _panels.Length / _panelUnits;
            nint step = _head is null ? 0 : _head.Rows.PixelStep;
            byte* target = _head is null ? null : pixels - (left * step);
            for (int p = part * _panels.Length / _panelUnits; p < endPanel; p++)
                _tiles.Run(origin, n, first, last, left, right, _panels[p], target, step);
            if (_head is null) continue;
            origin = target - _head.Rows.RowOffset(first, first, 0);
            foreach (Panel panel in _head.Weights.Panels) _head.Run(origin, n, first, last, left, right, panel);
        }
    }
}
