namespace LungSeg.Imaging.Codecs.Jpeg2000;

/// <summary>One component of a tile: its resolutions, from the smallest, and how it was coded (ISO/IEC 15444-1, annex B).</summary>
internal sealed class TileComponent
{
    public TileComponent(int index, Area area, ComponentSize size, CodingParameters parameters)
    {
        (Index, Area, Size) = (index, area, size);
        (Style, RegionShift) = (parameters.Style(index), parameters.RegionShift(index));
        Quantisation quantisation = parameters.Quantisation(index);
        Resolutions = new Resolution[Style.Levels + 1];
        for (int r = 0; r < Resolutions.Length; r++)
            Resolutions[r] = new Resolution(this, r, quantisation);
    }

    public int Index { get; }

    public Area Area { get; }

    public ComponentSize Size { get; }

    public ComponentStyle Style { get; }

    public int RegionShift { get; }

    public Resolution[] Resolutions { get; }
}

/// <summary>One resolution of a tile-component: its subbands and the grid of its precincts.</summary>
internal sealed class Resolution
{
    private readonly int _firstX, _firstY;
    private Precinct?[] _precincts = [];

    public Resolution(TileComponent component, int index, Quantisation quantisation)
    {
        (Component, Index) = (component, index);
        int levels = component.Style.Levels;
        Halvings = levels - index;
        Area = component.Area.Halve(Halvings);
        (PrecinctWidth, PrecinctHeight) = (component.Style.PrecinctWidth(index), component.Style.PrecinctHeight(index));
        (_firstX, _firstY) = (Area.X0 >> PrecinctWidth, Area.Y0 >> PrecinctHeight);
        if (!Area.IsEmpty)
        {
            PrecinctsWide = CeilingShift(Area.X1, PrecinctWidth) - _firstX;
            PrecinctsHigh = CeilingShift(Area.Y1, PrecinctHeight) - _firstY;
        }
        Bands = new Subband[index == 0 ? 1 : 3];
        Area lower = index == 0 ? default : component.Area.Halve(Halvings + 1);
        for (int b = 0; b < Bands.Length; b++)
            Bands[b] = new Subband(this, b, lower, quantisation);
    }

    public TileComponent Component { get; }

    public int Index { get; }

    /// <summary>How often the component was halved to come to this resolution.</summary>
    public int Halvings { get; }

    public Area Area { get; }

    /// <summary>Exponents of a precinct's sides.</summary>
    public int PrecinctWidth { get; }

    /// <inheritdoc cref="PrecinctWidth"/>
    public int PrecinctHeight { get; }

    public int PrecinctsWide { get; }

    public int PrecinctsHigh { get; }

    public long PrecinctCount => (long)PrecinctsWide * PrecinctsHigh;

    public Subband[] Bands { get; }

    /// <summary>The layers of each precinct that were read.</summary>
    public ushort[] LayersRead { get; private set; } = [];

    public IEnumerable<Precinct> Precincts => _precincts.OfType<Precinct>();

    /// <summary>Makes room for the precincts, whose number was checked.</summary>
    public void Allocate()
    {
        _precincts = new Precinct?[PrecinctCount];
        LayersRead = new ushort[PrecinctCount];
    }

    /// <summary>A precinct, which is made when the first packet that holds something of it comes.</summary>
    public Precinct Precinct(int index)
    {
        if (_precincts[index] is { } made)
            return made;
        long x = _firstX + index % PrecinctsWide, y = _firstY + index / PrecinctsWide;
        Area cell = new(
            Clamp(x << PrecinctWidth), Clamp(y << PrecinctHeight), Clamp(x + 1 << PrecinctWidth), Clamp(y + 1 << PrecinctHeight));
        return _precincts[index] = new Precinct(this, cell);

        static int Clamp(long value) => (int)Math.Min(value, int.MaxValue);
    }

    /// <summary>The precinct that begins at a place of the reference grid.</summary>
    public int PrecinctAt(long x, long y)
    {
        int column = (int)(Area.CeilingOf(x, (long)Component.Size.Dx << Halvings) >> PrecinctWidth) - _firstX;
        int row = (int)(Area.CeilingOf(y, (long)Component.Size.Dy << Halvings) >> PrecinctHeight) - _firstY;
        return row * PrecinctsWide + column;
    }

    private static int CeilingShift(int value, int shift) => (int)(value + (1L << shift) - 1 >> shift);
}

/// <summary>One subband: LL, or HL, LH, HH of a resolution.</summary>
internal sealed class Subband
{
    public Subband(Resolution resolution, int index, Area lower, Quantisation quantisation)
    {
        bool isLowest = resolution.Index == 0;
        Orientation = isLowest ? 0 : index + 1;
        (int right, int down) = (Orientation & 1, Orientation >> 1);
        Area = isLowest ? resolution.Area : Part(resolution.Component.Area, resolution.Halvings + 1, right, down);
        (Left, Top) = (right == 0 ? 0 : lower.Width, down == 0 ? 0 : lower.Height);
        (int exponent, int mantissa) = quantisation.Step(resolution.Index, index);
        BitPlanes = quantisation.GuardBits + exponent - 1;
        if (exponent < 0)
            throw Codestream.Damaged("a quantisation exponent is negative");
        // The nominal range of a band that was filtered high once or twice is one or two bits more (E.1).
        int range = resolution.Component.Size.Bits + right + down;
        Step = (float)(Math.ScaleB(1, range - exponent) * (1 + mantissa / 2048.0));
    }

    /// <summary>0 LL, 1 HL (high along the rows), 2 LH, 3 HH.</summary>
    public int Orientation { get; }

    /// <summary>Where the band lies on its own grid.</summary>
    public Area Area { get; }

    /// <summary>Where the band lies among the tile-component's coefficients.</summary>
    public int Left { get; }

    /// <inheritdoc cref="Left"/>
    public int Top { get; }

    /// <summary>Magnitude bits, those of a region's shift left out.</summary>
    public int BitPlanes { get; }

    /// <summary>What a step of a coefficient's magnitude is worth where the wavelet is irreversible.</summary>
    public float Step { get; }

    private static Area Part(Area component, int level, int right, int down)
    {
        long half = 1L << level - 1;
        return new Area(At(component.X0, right), At(component.Y0, down), At(component.X1, right), At(component.Y1, down));

        int At(int value, int high) => (int)(value - half * high + (1L << level) - 1 >> level);
    }
}

/// <summary>The code blocks of one precinct, band by band.</summary>
internal sealed class Precinct
{
    public Precinct(Resolution resolution, Area cell) =>
        Bands = Array.ConvertAll(resolution.Bands, band => new PrecinctBand(resolution, band, cell));

    public PrecinctBand[] Bands { get; }
}

/// <summary>A precinct's part of one subband: a grid of code blocks and the two tag trees that tell of them.</summary>
internal sealed class PrecinctBand
{
    private readonly Area _area;
    private readonly int _firstX, _firstY, _width, _height;

    public PrecinctBand(Resolution resolution, Subband band, Area cell)
    {
        Band = band;
        // Above the lowest resolution a precinct's side in a band is half of that in the resolution.
        int halved = resolution.Index == 0 ? 0 : 1;
        Area inBand = new(cell.X0 >> halved, cell.Y0 >> halved, cell.X1 >> halved, cell.Y1 >> halved);
        _area = new Area(
            Math.Max(inBand.X0, band.Area.X0), Math.Max(inBand.Y0, band.Area.Y0), Math.Min(inBand.X1, band.Area.X1),
                Math.Min(inBand.Y1, band.Area.Y1));
        ComponentStyle style = resolution.Component.Style;
        (_width, _height) = (Math.Min(style.BlockWidth, resolution.PrecinctWidth - halved),
            Math.Min(style.BlockHeight, resolution.PrecinctHeight - halved));
        (_firstX, _firstY) = (_area.X0 >> _width, _area.Y0 >> _height);
        if (!_area.IsEmpty)
            (Wide, High) = ((int)(_area.X1 + (1L << _width) - 1 >> _width) - _firstX,
                (int)(_area.Y1 + (1L << _height) - 1 >> _height) - _firstY);
        Blocks = new CodeBlock?[(long)Wide * High];
        Inclusion = new TagTree(Wide, High);
        ZeroPlanes = new TagTree(Wide, High);
    }

    public Subband Band { get; }

    public int Wide { get; }

    public int High { get; }

    /// <summary>The blocks that a packet included, row by row; null for those that hold nothing yet.</summary>
    public CodeBlock?[] Blocks { get; }

    public TagTree Inclusion { get; }

    public TagTree ZeroPlanes { get; }

    /// <summary>Where a block's coefficients lie on the band's grid.</summary>
    public Area AreaOf(int block)
    {
        (int x, int y) = (_firstX + block % Wide, _firstY + block / Wide);
        return new Area(
            Math.Max(x << _width, _area.X0), Math.Max(y << _height, _area.Y0),
            (int)Math.Min((long)(x + 1) << _width, _area.X1), (int)Math.Min((long)(y + 1) << _height, _area.Y1));
    }
}

/// <summary>A code block as its packets describe it: bit planes, passes, and where the bytes of its codeword segments lie.</summary>
internal sealed class CodeBlock
{
    /// <summary>Bit planes that hold something.</summary>
    public int BitPlanes { get; set; }

    /// <summary>Coding passes in all packets so far.</summary>
    public int Passes { get; set; }

    /// <summary>The state of the code for lengths (B.10.7.1).</summary>
    public int LengthBits { get; set; } = 3;

    /// <summary>Passes, the most passes there may be, and bytes of each codeword segment.</summary>
    public List<(int Passes, int MaximumPasses, int Length)> Segments { get; } = new(1);

    /// <summary>Where the bytes of all segments lie in the tile's packets, in order.</summary>
    public List<(int Offset, int Length)> Chunks { get; } = new(1);
}
