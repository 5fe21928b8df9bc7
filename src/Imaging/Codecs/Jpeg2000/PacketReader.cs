using System.Buffers.Binary;
using System.Numerics;

namespace LungSeg.Imaging.Codecs.Jpeg2000;

/// <summary>Reads the packets of one tile (ISO/IEC 15444-1, B.9 to B.12), all of them: a tile that lacks one is refused.</summary>
internal sealed class PacketReader
{
    private const int FirstBypassed = 10, MaximumLengthBits = 30;
    private readonly CodingParameters _parameters;
    private readonly TileComponent[] _components;
    private readonly ArraySegment<byte> _packets;
    private readonly byte[]? _headers;
    private readonly long _expected;
    private readonly List<(CodeBlock Block, int Segment, int Length)> _pending = [];
    private int _at, _headerAt;
    private long _read;
    private bool? _hasHeaderEnds;
    private bool _mayEndEarly;

    public PacketReader(CodingParameters parameters, TileComponent[] components, ArraySegment<byte> packets, byte[]? headers)
    {
        (_parameters, _components, _packets, _headers) = (parameters, components, packets, headers);
        Resolution[] resolutions = [.. components.SelectMany(c => c.Resolutions)];
        long precincts = resolutions.Sum(r => r.PrecinctCount);
        _expected = precincts * parameters.Layers;
        // A packet's header takes at least one byte; so the file's length bounds what is allocated for precincts.
        if (precincts > (headers?.Length ?? packets.Count))
            throw Codestream.Truncated($"{headers?.Length ?? packets.Count} bytes cannot hold the {precincts} precincts of a tile");
        foreach (Resolution resolution in resolutions)
            resolution.Allocate();
    }

    /// <summary>Bytes behind the last packet.</summary>
    public ReadOnlySpan<byte> Left => _packets.AsSpan(_at);

    /// <summary>Whether a code block has more coding passes than bit planes have; they are left out.</summary>
    public bool HasSurplusPasses { get; private set; }

    /// <summary>
    /// How many packets were left out at the end, all of them of later quality layers: encoders do so whose later layers add nothing.
    /// </summary>
    public long Missing { get; private set; }

    /// <summary>
    /// Reads the packets of a tile, on the reference grid. Where <paramref name="mayEndEarly"/> says that the codestream is whole, packets
    /// of later layers may be lacking at the end; a precinct without any packet would be a hole.
    /// </summary>
    public void ReadAll(Area tile, bool mayEndEarly)
    {
        _mayEndEarly = mayEndEarly;
        int resolutions = _components.Max(c => c.Resolutions.Length);
        IReadOnlyList<Progression> changes = _parameters.Progressions.Count > 0 ? _parameters.Progressions
            : [new Progression(_parameters.Order, 0, resolutions, 0, _components.Length, _parameters.Layers)];
        foreach (Progression change in changes)
            Read(change with
            {
                EndResolution = Math.Min(change.EndResolution, resolutions),
                EndComponent = Math.Min(change.EndComponent, _components.Length),
                EndLayer = Math.Min(change.EndLayer, _parameters.Layers),
            }, tile);
        if (_read + Missing < _expected)
            throw Codestream.Damaged($"its progressions name {_read} of a tile's {_expected} packets");
    }

    private void Read(Progression p, Area tile)
    {
        switch (p.Order)
        {
            case ProgressionOrder.Lrcp:
                Resolution[] all = [.. Enumerable.Range(p.FirstResolution, Math.Max(0, p.EndResolution - p.FirstResolution))
                    .SelectMany(r => AtResolution(p, r))];
                for (int layer = 0; layer < p.EndLayer; layer++)
                    ReadLayer(all, layer);
                break;
            case ProgressionOrder.Rlcp:
                for (int r = p.FirstResolution; r < p.EndResolution; r++)
                {
                    Resolution[] one = AtResolution(p, r);
                    for (int layer = 0; layer < p.EndLayer; layer++)
                        ReadLayer(one, layer);
                }
                break;
            case ProgressionOrder.Rpcl:
                for (int r = p.FirstResolution; r < p.EndResolution; r++)
                    ReadByPosition(AtResolution(p, r), p.EndLayer, tile);
                break;
            case ProgressionOrder.Pcrl:
                ReadByPosition([.. Enumerable.Range(p.FirstComponent, Math.Max(0, p.EndComponent - p.FirstComponent))
                    .SelectMany(c => OfComponent(p, c))], p.EndLayer, tile);
                break;
            default:
                for (int c = p.FirstComponent; c < p.EndComponent; c++)
                    ReadByPosition(OfComponent(p, c), p.EndLayer, tile);
                break;
        }
    }

    private Resolution[] AtResolution(Progression p, int r) =>
        [.. _components.Take(p.EndComponent).Skip(p.FirstComponent).Where(c => r < c.Resolutions.Length).Select(c => c.Resolutions[r])
            .Where(HasPrecincts)];

    private Resolution[] OfComponent(Progression p, int c) =>
        [.. _components[c].Resolutions.Skip(p.FirstResolution).Take(p.EndResolution - p.FirstResolution).Where(HasPrecincts)];

    private static bool HasPrecincts(Resolution resolution) => resolution.PrecinctCount > 0;

    private void ReadLayer(Resolution[] resolutions, int layer)
    {
        foreach (Resolution resolution in resolutions)
            for (int precinct = 0; precinct < resolution.LayersRead.Length; precinct++)
                if (resolution.LayersRead[precinct] == layer)
                    ReadPacket(resolution, precinct);
    }

    /// <summary>Goes over the tile and reads, where a precinct of one of the resolutions begins, what is lacking of its layers.</summary>
    private void ReadByPosition(Resolution[] resolutions, int endLayer, Area tile)
    {
        List<Resolution> inRow = [];
        for (long y = tile.Y0; y < tile.Y1 && _read + Missing < _expected; y = Next(y, resolutions, StepY))
        {
            inRow.Clear();
            foreach (Resolution resolution in resolutions)
                if (BeginsAt(y, tile.Y0, StepY(resolution), resolution.Area.Y0, resolution.PrecinctHeight))
                    inRow.Add(resolution);
            if (inRow.Count == 0)
                continue;
            for (long x = tile.X0; x < tile.X1 && _read + Missing < _expected; x = Next(x, inRow, StepX))
                foreach (Resolution resolution in inRow)
                {
                    if (!BeginsAt(x, tile.X0, StepX(resolution), resolution.Area.X0, resolution.PrecinctWidth))
                        continue;
                    int precinct = resolution.PrecinctAt(x, y);
                    while (resolution.LayersRead[precinct] < endLayer)
                        ReadPacket(resolution, precinct);
                }
        }
    }

    private static long StepX(Resolution resolution) =>
        (long)resolution.Component.Size.Dx << resolution.PrecinctWidth + resolution.Halvings;

    private static long StepY(Resolution resolution) =>
        (long)resolution.Component.Size.Dy << resolution.PrecinctHeight + resolution.Halvings;

    /// <summary>
    /// Whether a row or column of precincts begins at a place: on the precincts' grid, or at the tile's edge where that cuts one.
    /// </summary>
    private static bool BeginsAt(long place, int edge, long step, int first, int exponent) =>
        place % step == 0 || (place == edge && (first & (1 << exponent) - 1) != 0);

    private static long Next(long place, IEnumerable<Resolution> resolutions, Func<Resolution, long> stepOf)
    {
        long next = long.MaxValue;
        foreach (Resolution resolution in resolutions)
        {
            long step = stepOf(resolution);
            next = Math.Min(next, (place / step + 1) * step);
        }
        return next;
    }

    private void ReadPacket(Resolution resolution, int index)
    {
        if (_mayEndEarly && _at == _packets.Count && _headers is null && resolution.LayersRead[index] > 0)
        {
            resolution.LayersRead[index]++;
            Missing++;
            return;
        }
        ReadOnlySpan<byte> packets = _packets;
        if (_parameters.MayHavePacketStarts && packets.Length - _at >= 6
            && BinaryPrimitives.ReadUInt16BigEndian(packets[_at..]) == Marker.Sop)
        {
            int number = BinaryPrimitives.ReadUInt16BigEndian(packets[(_at + 4)..]);
            if (BinaryPrimitives.ReadUInt16BigEndian(packets[(_at + 2)..]) != 4 || number != (_read & 0xFFFF))
                throw Codestream.Damaged($"packet {number} comes where packet {_read & 0xFFFF} was expected");
            _at += 6;
        }
        PacketBits bits = _headers is null ? new PacketBits(packets, _at) : new PacketBits(_headers, _headerAt);
        _pending.Clear();
        if (bits.Read() != 0)
            foreach (PrecinctBand band in resolution.Precinct(index).Bands)
                for (int block = 0; block < band.Blocks.Length; block++)
                    ReadBlock(resolution.Component, band, block, resolution.LayersRead[index], ref bits);
        bits.Align();
        int headerEnd = SkipHeaderEnd(_headers ?? packets, bits.At);
        (_at, _headerAt) = _headers is null ? (headerEnd, 0) : (_at, headerEnd);
        foreach ((CodeBlock block, int segment, int length) in _pending)
        {
            if (length > packets.Length - _at)
                throw Codestream.Truncated($"a code block claims {length} bytes where {packets.Length - _at} are left");
            if (length == 0)
                continue;
            block.Chunks.Add((_at, length));
            block.Segments[segment] = block.Segments[segment] with { Length = block.Segments[segment].Length + length };
            _at += length;
        }
        resolution.LayersRead[index]++;
        _read++;
    }

    /// <summary>The first packet shows whether an encoder that promises marks behind headers writes them.</summary>
    private int SkipHeaderEnd(ReadOnlySpan<byte> headers, int at)
    {
        if (!_parameters.HasHeaderEnds || _hasHeaderEnds == false)
            return at;
        bool found = headers.Length - at >= 2 && BinaryPrimitives.ReadUInt16BigEndian(headers[at..]) == Marker.Eph;
        if (!found && _hasHeaderEnds == true)
            throw Codestream.Damaged($"the header of packet {_read} does not end where its end mark is");
        _hasHeaderEnds = found;
        return found ? at + 2 : at;
    }

    private void ReadBlock(TileComponent component, PrecinctBand band, int index, int layer, ref PacketBits bits)
    {
        CodeBlock? block = band.Blocks[index];
        if (block is null)
        {
            if (!band.Inclusion.IsUnder(index, layer + 1, ref bits))
                return;
            int planes = band.Band.BitPlanes + component.RegionShift, empty = 0;
            while (!band.ZeroPlanes.IsUnder(index, empty + 1, ref bits))
                if (++empty > planes)
                    throw Codestream.Damaged($"a code block lacks more than its {planes} bit planes");
            band.Blocks[index] = block = new CodeBlock { BitPlanes = planes - empty };
        }
        else if (bits.Read() == 0)
        {
            return;
        }
        int passes = ReadPasses(ref bits);
        // Encoders are found whose values were larger than they declared.
        if (block.Passes + passes > Math.Max(0, 3 * block.BitPlanes - 2))
            HasSurplusPasses = true;
        while (bits.Read() != 0)
            if (++block.LengthBits > MaximumLengthBits)
                throw Codestream.Damaged("the length of a code block is too large");
        while (passes > 0)
        {
            if (block.Segments.Count == 0 || block.Segments[^1].Passes == block.Segments[^1].MaximumPasses)
                block.Segments.Add((0, MaximumPasses(component.Style.Style, block.Segments), 0));
            (int done, int maximum, int length) = block.Segments[^1];
            int now = Math.Min(passes, maximum - done), lengthBits = block.LengthBits + BitOperations.Log2((uint)now);
            if (lengthBits > MaximumLengthBits)
                throw Codestream.Damaged("the length of a code block is too large");
            block.Segments[^1] = (done + now, maximum, length);
            _pending.Add((block, block.Segments.Count - 1, bits.Read(lengthBits)));
            block.Passes += now;
            passes -= now;
        }
    }

    /// <summary>How many passes the next codeword segment holds at most: what ends a segment is a termination (D.4 and D.6).</summary>
    private static int MaximumPasses(BlockStyle style, List<(int Passes, int MaximumPasses, int Length)> segments)
    {
        if (style.HasFlag(BlockStyle.TerminateAll))
            return 1;
        if (!style.HasFlag(BlockStyle.Bypass))
            return int.MaxValue;
        return segments.Count == 0 ? FirstBypassed : segments[^1].MaximumPasses == 2 ? 1 : 2;
    }

    private static int ReadPasses(ref PacketBits bits)
    {
        if (bits.Read() == 0)
            return 1;
        if (bits.Read() == 0)
            return 2;
        int more = bits.Read(2);
        if (more < 3)
            return 3 + more;
        more = bits.Read(5);
        return more < 31 ? 6 + more : 37 + bits.Read(7);
    }
}
