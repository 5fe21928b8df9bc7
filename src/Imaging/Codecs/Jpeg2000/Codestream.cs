using System.Buffers.Binary;
using LungSeg.IO;

namespace LungSeg.Imaging.Codecs.Jpeg2000;

/// <summary>The markers of a codestream (ISO/IEC 15444-1, annex A; the extensions of part 2 and part 15 to name them).</summary>
internal static class Marker
{
    public const int Soc = 0xFF4F, Cap = 0xFF50, Siz = 0xFF51, Cod = 0xFF52, Coc = 0xFF53, Prf = 0xFF56, Qcd = 0xFF5C, Qcc = 0xFF5D,
        Rgn = 0xFF5E, Poc = 0xFF5F, Ppm = 0xFF60, Ppt = 0xFF61, Sot = 0xFF90, Sop = 0xFF91, Eph = 0xFF92, Sod = 0xFF93, Eoc = 0xFFD9;

    /// <summary>Part 2's markers, from MCT to ADS; what they say changes samples.</summary>
    public static bool IsExtension(int marker) => marker is (>= 0xFF72 and <= 0xFF79);

    /// <summary>Markers that no length follows.</summary>
    public static bool IsBare(int marker) => marker is (>= 0xFF30 and <= 0xFF3F);
}

/// <summary>The parts of one tile, as they lie in the codestream, and the parameters that they bring.</summary>
internal sealed class TileParts(CodingParameters parameters)
{
    public CodingParameters Parameters { get; } = parameters;

    /// <summary>Where the tile's packets lie: one range for each tile-part.</summary>
    public List<(int Offset, int Length)> Data { get; } = [];

    /// <summary>Packet headers that were moved out of the packets (PPM, PPT); null where they lie in them.</summary>
    public MemoryStream? PackedHeaders { get; set; }
}

/// <summary>
/// A JPEG 2000 codestream taken apart: headers are read and checked, tile-parts found; nothing is allocated by what they claim.
/// Decoding is <see cref="Decode"/>. A codestream that is cut off inside a tile is refused; one that only lacks its end mark is not.
/// </summary>
internal sealed class Codestream
{
    private const int ShortestTilePart = 14, MaximumComponents = 4, MaximumWarnings = 8;
    private readonly byte[] _bytes;
    private readonly int _end;
    private readonly CodingParameters _parameters;
    private readonly TileParts?[] _tiles;
    private readonly List<string> _warnings = [];
    private readonly SortedDictionary<int, (int Offset, int Length)> _packedHeaders = [];
    private List<byte[]>? _packedByPart;
    private int _tileParts;

    private Codestream(byte[] bytes, int offset, int length, int maximumComponents)
    {
        (_bytes, _end) = (bytes, offset + length);
        int at = offset;
        if (length < 4 || NextMarker(ref at) != Marker.Soc || NextMarker(ref at) != Marker.Siz)
            throw Damaged("it does not begin with a start mark and a size");
        Grid = ImageGrid.Read(Body(ref at), maximumComponents);
        _parameters = new CodingParameters(Grid.Components.Length);
        _tiles = new TileParts?[Grid.Tiles];
        ReadMainHeader(ref at);
        ReadTileParts(at);
    }

    /// <summary>Where image, tiles and components lie.</summary>
    public ImageGrid Grid { get; }

    /// <summary>Whether the end mark is there.</summary>
    public bool HasEnd { get; private set; } = true;

    /// <summary>What was odd but could be read.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Whether the first tile's components were transformed together, so that decoding gives red, green and blue.</summary>
    public bool HasTransform => FirstTile.HasTransform && Grid.Components.Length >= 3;

    /// <summary>Whether every component of the first tile was coded without loss by its wavelet.</summary>
    public bool IsReversible => Enumerable.Range(0, Grid.Components.Length).All(c => FirstTile.Style(c).IsReversible);

    private CodingParameters FirstTile => Array.Find(_tiles, t => t is not null)!.Parameters;

    /// <summary>Whether bytes begin as a codestream does.</summary>
    public static bool Recognizes(ReadOnlySpan<byte> bytes) => bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0x4F, 0xFF, 0x51]);

    /// <summary>Reads headers.</summary>
    /// <exception cref="ImageException">The codestream is damaged, cut off or of a kind that is not read.</exception>
    public static Codestream Read(byte[] bytes, int offset, int length, int maximumComponents = MaximumComponents) =>
        new(bytes, offset, length, maximumComponents);

    /// <summary>Decodes all components, on several threads where there are several (or as many as given).</summary>
    /// <exception cref="ImageException">The coded data is damaged or cut off.</exception>
    public Plane[] Decode(int threads = 0)
    {
        Plane[] planes = new Plane[Grid.Components.Length];
        for (int c = 0; c < planes.Length; c++)
            planes[c] = new Plane(Grid.Samples(c), Grid.Components[c]);
        ParallelOptions options = new() { MaxDegreeOfParallelism = threads > 0 ? threads : Environment.ProcessorCount };
        AllProcessors.For(_tiles.Length, options, index =>
        {
            if (_tiles[index] is not null)
                new TileDecoder(this, index, options).Decode(planes);
        });
        return planes;
    }

    /// <summary>A tile's parameters and the bytes of its packets; packed headers are empty where there are none.</summary>
    public (CodingParameters Parameters, ArraySegment<byte> Packets, byte[]? PackedHeaders) Tile(int index)
    {
        TileParts tile = _tiles[index]!;
        if (tile.Data.Count == 1)
            return (tile.Parameters, new ArraySegment<byte>(_bytes, tile.Data[0].Offset, tile.Data[0].Length),
                tile.PackedHeaders?.ToArray());
        byte[] joined = new byte[tile.Data.Sum(d => d.Length)];
        int at = 0;
        foreach ((int offset, int length) in tile.Data)
        {
            _bytes.AsSpan(offset, length).CopyTo(joined.AsSpan(at));
            at += length;
        }
        return (tile.Parameters, joined, tile.PackedHeaders?.ToArray());
    }

    /// <summary>Notes what was odd in a tile.</summary>
    public void Warn(string warning)
    {
        lock (_warnings)
            if (_warnings.Count < MaximumWarnings && !_warnings.Contains(warning))
                _warnings.Add(warning);
    }

    public static ImageException Damaged(string what) => new($"the JPEG 2000 data is damaged: {what}");

    public static ImageException Truncated(string what) => new($"the JPEG 2000 data is truncated: {what}");

    public static ImageException HighThroughput() =>
        new("the JPEG 2000 data is HTJ2K (part 15), which is not supported; convert it: opj_decompress -i IN.j2k -o OUT.png");

    public static ImageException Extended(string what) =>
        new($"the JPEG 2000 data uses part 2 of the standard ({what}), which is not supported; "
            + "convert it: opj_decompress -i IN.j2k -o OUT.png");

    private void ReadMainHeader(ref int at)
    {
        while (true)
        {
            int marker = NextMarker(ref at);
            switch (marker)
            {
                case Marker.Sot:
                    at -= 2;
                    SplitPackedHeaders();
                    return;
                case Marker.Sod or Marker.Eoc or Marker.Siz or Marker.Ppt:
                    throw Damaged($"marker 0x{marker:X4} in its main header");
                case Marker.Cap when IsHighThroughput(Body(ref at)):
                    throw HighThroughput();
                case Marker.Cap:
                    break;
                case Marker.Ppm:
                    int start = at + 2;
                    ReadOnlySpan<byte> packed = Body(ref at);
                    if (packed.Length < 1 || !_packedHeaders.TryAdd(packed[0], (start + 1, packed.Length - 1)))
                        throw Damaged("its packed packet headers are out of order");
                    break;
                default:
                    Skip(marker, ref at, inTile: false, _parameters);
                    break;
            }
        }
    }

    /// <summary>Bit 14 of Pcap says that part 15 is needed.</summary>
    private static bool IsHighThroughput(ReadOnlySpan<byte> cap) =>
        cap.Length >= 4 && (BinaryPrimitives.ReadUInt32BigEndian(cap) & 1u << 17) != 0;

    private void Skip(int marker, ref int at, bool inTile, CodingParameters parameters)
    {
        if (Marker.IsBare(marker))
            return;
        ReadOnlySpan<byte> body = Body(ref at);
        if (Marker.IsExtension(marker))
            throw Extended($"marker 0x{marker:X4}");
        parameters.Read(marker, body, inTile);
    }

    /// <summary>Joins the PPM marker segments and cuts them into the headers of each tile-part.</summary>
    private void SplitPackedHeaders()
    {
        if (_packedHeaders.Count == 0)
            return;
        using MemoryStream joined = new();
        foreach ((int offset, int length) in _packedHeaders.Values)
            joined.Write(_bytes, offset, length);
        ReadOnlySpan<byte> rest = joined.ToArray();
        _packedByPart = [];
        while (rest.Length > 0)
        {
            uint length = rest.Length < 4 ? uint.MaxValue : BinaryPrimitives.ReadUInt32BigEndian(rest);
            if (length > rest.Length - 4)
                throw Damaged("its packed packet headers are cut off");
            _packedByPart.Add(rest.Slice(4, (int)length).ToArray());
            rest = rest[(4 + (int)length)..];
        }
    }

    private void ReadTileParts(int at)
    {
        int[] parts = new int[_tiles.Length];
        bool ended = false;
        while (!ended)
        {
            int marker = _end - at < 2 ? 0 : BinaryPrimitives.ReadUInt16BigEndian(_bytes.AsSpan(at));
            if (marker != Marker.Sot)
            {
                if (marker != Marker.Eoc)
                    NoteMissingEnd();
                break;
            }
            ended = ReadTilePart(ref at, parts);
        }
        for (int tile = 0; tile < _tiles.Length; tile++)
            if (_tiles[tile] is null && Grid.HasSamples(tile))
                throw Truncated($"tile {tile + 1} of {_tiles.Length} is missing");
    }

    /// <summary>Reads one tile-part's header; true where its data goes on to the end of the codestream.</summary>
    private bool ReadTilePart(ref int at, int[] parts)
    {
        int start = at;
        at += 2;
        ReadOnlySpan<byte> sot = Body(ref at);
        if (sot.Length != 8)
            throw Damaged("the header of a tile-part is cut off");
        int index = BinaryPrimitives.ReadUInt16BigEndian(sot);
        uint length = BinaryPrimitives.ReadUInt32BigEndian(sot[2..]);
        if (index >= _tiles.Length)
            throw Damaged($"a tile-part of tile {index + 1}, of which there are {_tiles.Length}");
        if (sot[6] != parts[index]++)
            throw Damaged($"tile {index + 1} has part {sot[6] + 1} where part {parts[index]} was expected");
        bool toTheEnd = length == 0;
        long end = toTheEnd ? EndOfData() : start + (long)length;
        if (!toTheEnd && length < ShortestTilePart)
            throw Damaged($"a tile-part of {length} bytes");
        if (end > _end)
            throw Truncated($"a tile-part at byte {start} claims {length} bytes where {_end - start} are left");
        TileParts tile = _tiles[index] ??= new TileParts(_parameters.Clone());
        SortedDictionary<int, (int Offset, int Length)> packed = [];
        while (true)
        {
            int marker = NextMarker(ref at);
            if (marker == Marker.Sod)
                break;
            if (marker is Marker.Sot or Marker.Eoc or Marker.Siz or Marker.Ppm)
                throw Damaged($"marker 0x{marker:X4} in the header of a tile-part");
            if (marker != Marker.Ppt)
            {
                Skip(marker, ref at, inTile: true, tile.Parameters);
                continue;
            }
            int body = at + 2;
            ReadOnlySpan<byte> headers = Body(ref at);
            if (headers.Length < 1 || !packed.TryAdd(headers[0], (body + 1, headers.Length - 1)))
                throw Damaged("its packed packet headers are out of order");
        }
        if (at > end)
            throw Damaged($"the header of a tile-part is longer than the tile-part at byte {start}");
        tile.Data.Add((at, (int)(end - at)));
        foreach ((int offset, int count) in packed.Values)
            (tile.PackedHeaders ??= new MemoryStream()).Write(_bytes, offset, count);
        if (_packedByPart is not null)
        {
            if (_tileParts >= _packedByPart.Count)
                throw Damaged("a tile-part has no packed packet headers");
            (tile.PackedHeaders ??= new MemoryStream()).Write(_packedByPart[_tileParts]);
        }
        _tileParts++;
        at = (int)end;
        return toTheEnd;
    }

    /// <summary>
    /// The end of a last tile-part that does not state its length: before the end mark, behind which a byte of padding may stand.
    /// </summary>
    private int EndOfData()
    {
        for (int pad = 0; pad <= 1 && _end - pad >= 2; pad++)
            if (BinaryPrimitives.ReadUInt16BigEndian(_bytes.AsSpan(_end - pad - 2)) == Marker.Eoc)
                return _end - pad - 2;
        NoteMissingEnd();
        return _end;
    }

    private void NoteMissingEnd()
    {
        HasEnd = false;
        _warnings.Add("the codestream ends without its end mark");
    }

    private int NextMarker(ref int at)
    {
        if (_end - at < 2)
            throw Truncated("it ends inside a header");
        int marker = BinaryPrimitives.ReadUInt16BigEndian(_bytes.AsSpan(at));
        if (marker < 0xFF01)
            throw Damaged($"no marker where one was expected, at byte {at}");
        at += 2;
        return marker;
    }

    private ReadOnlySpan<byte> Body(ref int at)
    {
        int length = _end - at < 2 ? int.MaxValue : BinaryPrimitives.ReadUInt16BigEndian(_bytes.AsSpan(at));
        if (length > _end - at)
            throw Truncated("it ends inside a header");
        if (length < 2)
            throw Damaged($"a marker segment of {length} bytes");
        ReadOnlySpan<byte> body = _bytes.AsSpan(at + 2, length - 2);
        at += length;
        return body;
    }
}
