namespace LungSeg.Imaging.Codecs.Jpeg2000;

/// <summary>
/// The order in which a tile's packets follow each other (ISO/IEC 15444-1, B.12): layer, resolution, component, position.
/// </summary>
internal enum ProgressionOrder
{
    Lrcp,
    Rlcp,
    Rpcl,
    Pcrl,
    Cprl,
}

/// <summary>How a code block's passes are coded (A.6.1, table A.19).</summary>
[Flags]
internal enum BlockStyle
{
    None = 0,
    Bypass = 1,
    ResetContexts = 2,
    TerminateAll = 4,
    VerticallyCausal = 8,
    PredictableTermination = 16,
    SegmentationSymbols = 32,
}

/// <summary>
/// A stretch of packets in one order: resolutions and components from the first on, before the end; layers before the end.
/// </summary>
internal readonly record struct Progression(
    ProgressionOrder Order, int FirstResolution, int EndResolution, int FirstComponent, int EndComponent, int EndLayer);

/// <summary>
/// One component's coding style (COD and COC): decompositions, the exponents of a code block's sides, its style, the wavelet, and for each
/// resolution the exponents of a precinct's sides, width in the low and height in the high four bits.
/// </summary>
internal sealed record ComponentStyle(int Levels, int BlockWidth, int BlockHeight, BlockStyle Style, bool IsReversible, byte[] Precincts)
{
    private const int MaximumLevels = 32, HighThroughput = 0x40, KnownStyles = 0x3F, WholePlane = 0xFF;

    public int PrecinctWidth(int resolution) => Precincts[resolution] & 15;

    public int PrecinctHeight(int resolution) => Precincts[resolution] >> 4;

    /// <summary>Reads the five or more bytes that COD and COC share.</summary>
    public static ComponentStyle Read(ReadOnlySpan<byte> body, bool hasPrecincts)
    {
        if (body.Length < 5)
            throw Codestream.Damaged("a coding style is cut off");
        (int levels, int width, int height, int style, int transform) = (body[0], body[1] + 2, body[2] + 2, body[3], body[4]);
        if ((style & HighThroughput) != 0)
            throw Codestream.HighThroughput();
        if (levels > MaximumLevels || width > 10 || height > 10 || width + height > 12 || (style & ~KnownStyles) != 0 || transform > 1)
            throw Codestream.Damaged(
                $"a coding style that does not exist ({levels} levels, code blocks of 2^{width} x 2^{height}, "
                + $"style 0x{style:X2}, wavelet {transform})");
        byte[] precincts = new byte[levels + 1];
        if (!hasPrecincts)
            Array.Fill(precincts, (byte)WholePlane);
        else if (body.Length < 5 + precincts.Length)
            throw Codestream.Damaged("the sizes of precincts are cut off");
        else
            body.Slice(5, precincts.Length).CopyTo(precincts);
        for (int r = 1; r < precincts.Length; r++)
            if ((precincts[r] & 15) == 0 || precincts[r] >> 4 == 0)
                throw Codestream.Damaged("a precinct has no width");
        return new ComponentStyle(levels, width, height, (BlockStyle)style, transform == 1, precincts);
    }
}

/// <summary>How one component was quantised (QCD and QCC): guard bits, and each subband's exponent and mantissa.</summary>
internal sealed record Quantisation(int Kind, int GuardBits, ushort[] Steps)
{
    private const int None = 0, Derived = 1, Expounded = 2;

    /// <summary>Exponent and mantissa of a subband of a resolution; <paramref name="band"/> counts from 0 there.</summary>
    public (int Exponent, int Mantissa) Step(int resolution, int band)
    {
        int index = Kind == Derived ? 0 : resolution == 0 ? 0 : 3 * resolution - 2 + band;
        if (index >= Steps.Length)
            throw Codestream.Damaged($"{Steps.Length} quantisation steps, which are too few");
        int step = Steps[index];
        return Kind == None ? (step, 0) : ((step >> 11) - (Kind == Derived ? Math.Max(0, resolution - 1) : 0), step & 0x7FF);
    }

    public static Quantisation Read(ReadOnlySpan<byte> body)
    {
        if (body.Length < 2)
            throw Codestream.Damaged("its quantisation is cut off");
        (int kind, int guard) = (body[0] & 31, body[0] >> 5);
        body = body[1..];
        ushort[] steps;
        switch (kind)
        {
            case None:
                steps = new ushort[body.Length];
                for (int i = 0; i < steps.Length; i++)
                    steps[i] = (ushort)(body[i] >> 3);
                break;
            case Derived or Expounded when body.Length >= 2:
                steps = new ushort[kind == Derived ? 1 : body.Length / 2];
                for (int i = 0; i < steps.Length; i++)
                    steps[i] = (ushort)(body[2 * i] << 8 | body[2 * i + 1]);
                break;
            default:
                throw Codestream.Damaged($"quantisation style {kind} does not exist");
        }
        return new Quantisation(kind, guard, steps);
    }
}

/// <summary>
/// The parameters by which a tile is decoded. A main header's count for all tiles that do not bring their own; within a header those of a
/// component count before those of all components (A.6).
/// </summary>
internal sealed class CodingParameters
{
    private const int Default = 1, ForTile = 2, MaximumProgressions = 512;
    private readonly ComponentStyle?[] _styles;
    private readonly Quantisation?[] _quantisations;
    private readonly int[] _styleRanks, _quantisationRanks, _regionShifts;

    public CodingParameters(int components)
    {
        (_styles, _quantisations) = (new ComponentStyle?[components], new Quantisation?[components]);
        (_styleRanks, _quantisationRanks, _regionShifts) = (new int[components], new int[components], new int[components]);
    }

    private CodingParameters(CodingParameters other)
    {
        (_styles, _quantisations) = ([.. other._styles], [.. other._quantisations]);
        (_styleRanks, _quantisationRanks, _regionShifts) =
            ([.. other._styleRanks], [.. other._quantisationRanks], [.. other._regionShifts]);
        (Order, Layers, HasTransform, MayHavePacketStarts, HasHeaderEnds) =
            (other.Order, other.Layers, other.HasTransform, other.MayHavePacketStarts, other.HasHeaderEnds);
        Progressions = [.. other.Progressions];
        InheritsProgressions = true;
    }

    public ProgressionOrder Order { get; private set; }

    public int Layers { get; private set; }

    /// <summary>Whether the first three components were transformed together.</summary>
    public bool HasTransform { get; private set; }

    /// <summary>Whether SOP markers may stand before packets.</summary>
    public bool MayHavePacketStarts { get; private set; }

    /// <summary>Whether EPH markers stand after packet headers.</summary>
    public bool HasHeaderEnds { get; private set; }

    /// <summary>Changes of progression (POC); empty where the order of COD counts throughout.</summary>
    public List<Progression> Progressions { get; } = [];

    private bool InheritsProgressions { get; set; }

    public ComponentStyle Style(int component) => _styles[component] ?? throw Codestream.Damaged("it has no coding style (COD)");

    public Quantisation Quantisation(int component) =>
        _quantisations[component] ?? throw Codestream.Damaged("it has no quantisation (QCD)");

    /// <summary>The bits by which a region of interest is shifted up, 0 without one.</summary>
    public int RegionShift(int component) => _regionShifts[component];

    public CodingParameters Clone() => new(this);

    /// <summary>Takes a marker segment in; false where it is none that holds coding parameters.</summary>
    public bool Read(int marker, ReadOnlySpan<byte> body, bool inTile)
    {
        int rank = inTile ? 2 * ForTile : 2 * Default;
        switch (marker)
        {
            case Marker.Cod:
                ReadDefaults(body, rank);
                return true;
            case Marker.Coc:
                int component = ReadComponent(ref body);
                if (body.Length < 1)
                    throw Codestream.Damaged("a coding style is cut off");
                SetStyle(component, ComponentStyle.Read(body[1..], (body[0] & 1) != 0), rank + 1);
                return true;
            case Marker.Qcd:
                Quantisation quantisation = Jpeg2000.Quantisation.Read(body);
                for (int c = 0; c < _quantisations.Length; c++)
                    SetQuantisation(c, quantisation, rank);
                return true;
            case Marker.Qcc:
                component = ReadComponent(ref body);
                SetQuantisation(component, Jpeg2000.Quantisation.Read(body), rank + 1);
                return true;
            case Marker.Rgn:
                component = ReadComponent(ref body);
                if (body.Length < 2 || body[0] != 0)
                    throw Codestream.Damaged("a region of interest of a kind that does not exist");
                _regionShifts[component] = body[1];
                return true;
            case Marker.Poc:
                ReadProgressions(body, inTile);
                return true;
            default:
                return false;
        }
    }

    private void ReadDefaults(ReadOnlySpan<byte> body, int rank)
    {
        if (body.Length < 10)
            throw Codestream.Damaged("its coding style is cut off");
        (int style, int order, int transform) = (body[0], body[1], body[4]);
        if (order > (int)ProgressionOrder.Cprl)
            throw Codestream.Damaged($"progression order {order} does not exist");
        if (transform > 1)
            throw Codestream.Extended($"component transform {transform}");
        Layers = body[2] << 8 | body[3];
        if (Layers == 0)
            throw Codestream.Damaged("it has no quality layer");
        (Order, HasTransform) = ((ProgressionOrder)order, transform == 1);
        (MayHavePacketStarts, HasHeaderEnds) = ((style & 2) != 0, (style & 4) != 0);
        ComponentStyle all = ComponentStyle.Read(body[5..], (style & 1) != 0);
        for (int c = 0; c < _styles.Length; c++)
            SetStyle(c, all, rank);
    }

    private void ReadProgressions(ReadOnlySpan<byte> body, bool inTile)
    {
        bool wide = _styles.Length > 256;
        int size = wide ? 9 : 7;
        if (body.Length < size || body.Length % size != 0)
            throw Codestream.Damaged("a change of progression is cut off");
        if (inTile && InheritsProgressions)
        {
            Progressions.Clear();
            InheritsProgressions = false;
        }
        for (; body.Length > 0; body = body[size..])
        {
            int end = wide ? 6 : 5;
            int endComponent = wide ? body[end] << 8 | body[end + 1] : body[end];
            Progression change = new(
                (ProgressionOrder)body[size - 1], body[0], body[wide ? 5 : 4], wide ? body[1] << 8 | body[2] : body[1],
                endComponent == 0 ? 256 : endComponent, wide ? body[3] << 8 | body[4] : body[2] << 8 | body[3]);
            if (change.Order > ProgressionOrder.Cprl || change.EndResolution <= change.FirstResolution
                || change.EndComponent <= change.FirstComponent)
                throw Codestream.Damaged("a change of progression makes no sense");
            if (Progressions.Count == MaximumProgressions)
                throw Codestream.Damaged($"more than {MaximumProgressions} changes of progression");
            Progressions.Add(change);
        }
    }

    private int ReadComponent(ref ReadOnlySpan<byte> body)
    {
        int bytes = _styles.Length > 256 ? 2 : 1;
        if (body.Length < bytes)
            throw Codestream.Damaged("a marker segment is cut off");
        int component = bytes == 2 ? body[0] << 8 | body[1] : body[0];
        if (component >= _styles.Length)
            throw Codestream.Damaged($"a marker segment is for component {component} of {_styles.Length}");
        body = body[bytes..];
        return component;
    }

    private void SetStyle(int component, ComponentStyle style, int rank)
    {
        if (rank >= _styleRanks[component])
            (_styles[component], _styleRanks[component]) = (style, rank);
    }

    private void SetQuantisation(int component, Quantisation quantisation, int rank)
    {
        if (rank >= _quantisationRanks[component])
            (_quantisations[component], _quantisationRanks[component]) = (quantisation, rank);
    }
}
