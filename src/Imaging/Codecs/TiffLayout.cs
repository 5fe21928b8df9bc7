namespace LungSeg.Imaging.Codecs;

/// <summary>How a TIFF segment's bytes are coded.</summary>
internal enum TiffCompression
{
    None = 1,
    CcittRle = 2,
    CcittT4 = 3,
    CcittT6 = 4,
    Lzw = 5,
    Jpeg = 7,
    Deflate = 8,
    OldDeflate = 32946,
    PackBits = 32773,
}

/// <summary>What a sample of a TIFF file means.</summary>
internal enum TiffPhotometric
{
    WhiteIsZero = 0,
    BlackIsZero = 1,
    Rgb = 2,
    Palette = 3,
    YCbCr = 6,
}

/// <summary>
/// How a TIFF page's pixels are stored: in strips or tiles (segments), each with its place in the file. All that the directory claims is
/// checked against the file here, before memory is taken; what is not read exactly is refused by name.
/// </summary>
internal sealed record TiffLayout
{
    /// <summary>Pixels of all tiles may be so many times those of the image, for tiles reach beyond its edge.</summary>
    private const int MaxPadding = 4;

    /// <summary>Pixels of one tile that is no bomb whatever the image's size: 2048 x 2048.</summary>
    private const long PlainTile = 1 << 22;

    public required int Width { get; init; }

    public required int Height { get; init; }

    /// <summary>Samples of a pixel in the file, extra ones included.</summary>
    public required int Samples { get; init; }

    /// <summary>Bits of a sample in the file: 1, 2, 4, 8 or 16.</summary>
    public required int Bits { get; init; }

    public required TiffPhotometric Photometric { get; init; }

    public required TiffCompression Compression { get; init; }

    public required bool IsPlanar { get; init; }

    /// <summary>Columns and rows of a segment: of a tile, or of a strip but the last, which may have fewer rows.</summary>
    public required (int Width, int Height) Segment { get; init; }

    public required bool IsTiled { get; init; }

    /// <summary>Where each segment's data lies, row by row, plane by plane.</summary>
    public required (int Offset, int Bytes)[] Data { get; init; }

    /// <summary>Red, green and blue of each palette entry, 8 bits each; null for what is no palette image.</summary>
    public byte[][]? Palette { get; private init; }

    public required bool HasPredictor { get; init; }

    public required bool IsBitReversed { get; init; }

    public required bool IsLittleEndian { get; init; }

    public required long FaxOptions { get; init; }

    public required byte[] JpegTables { get; init; }

    public int Orientation { get; private init; }

    /// <summary>Channels of the decoded image: 1 grey or 3 colour.</summary>
    public int Channels => Photometric is TiffPhotometric.WhiteIsZero or TiffPhotometric.BlackIsZero ? 1 : 3;

    /// <summary>Whether pixels have a sample beside their colour, such as opacity.</summary>
    public bool HasExtraSample => Palette is null && Samples > Channels;

    /// <summary>Bits of the decoded image: 8 or 16.</summary>
    public int Depth => Bits == 16 ? 16 : 8;

    public int SegmentsAcross => (Width + Segment.Width - 1) / Segment.Width;

    public int SegmentsDown => (Height + Segment.Height - 1) / Segment.Height;

    /// <summary>Samples of a pixel in one segment.</summary>
    public int SegmentSamples => IsPlanar ? 1 : Samples;

    /// <summary>Bytes of a row of a segment, unpacked.</summary>
    public int RowBytes => (int)(((long)Segment.Width * SegmentSamples * Bits + 7) / 8);

    /// <summary>Rows of a segment in a row of segments: a strip at the lower edge has fewer, a tile has not.</summary>
    public int Rows(int segmentRow) => IsTiled ? Segment.Height : Math.Min(Segment.Height, Height - segmentRow * Segment.Height);

    public static TiffLayout Read(TiffDirectory d, int fileLength)
    {
        (long width, long height) = (d.Number(TiffField.Width, 0), d.Number(TiffField.Height, 0));
        ImageSize.Check(width, height);
        (long samples, long planar) = (d.Number(TiffField.SamplesPerPixel, 1), d.Number(TiffField.PlanarConfiguration, 1));
        int bits = ReadBits(d);
        if (Array.Exists(d.Numbers(TiffField.SampleFormat, 8), format => format is not (1 or 4)))
            throw Refuse("has signed or floating-point samples; unsigned whole numbers expected");
        TiffCompression compression = ReadCompression(d, bits);
        TiffPhotometric photometric = ReadPhotometric(d, compression, bits);
        bool color = photometric is TiffPhotometric.Rgb or TiffPhotometric.YCbCr;
        if (color ? samples is < 3 or > 8 : samples is < 1 or > 2)
            throw Refuse($"has {samples} samples per pixel");
        if (planar is not (1 or 2))
            throw new ImageException($"the TIFF file is damaged: its planar configuration is {planar}, 1 or 2 was expected");
        if (bits < 8 && samples > 1)
            throw Refuse($"has {samples} samples of {bits} bits per pixel; 8 or 16 bits expected");
        bool tiled = d.Has(TiffField.TileOffsets);
        TiffLayout layout = new()
        {
            Width = (int)width,
            Height = (int)height,
            Samples = (int)samples,
            Bits = bits,
            Photometric = photometric,
            Compression = compression,
            IsPlanar = planar == 2 && samples > 1,
            IsTiled = tiled,
            Segment = tiled ? TileSize(d, width, height) : ((int)width, StripRows(d, (int)height)),
            Data = [],
            Palette = photometric == TiffPhotometric.Palette ? ReadPalette(d, bits) : null,
            HasPredictor = ReadPredictor(d, compression, bits),
            IsBitReversed = d.Number(TiffField.FillOrder, 1) == 2,
            IsLittleEndian = d.IsLittleEndian,
            FaxOptions = d.Number(compression == TiffCompression.CcittT6 ? TiffField.T6Options : TiffField.T4Options, 0),
            JpegTables = d.Bytes(TiffField.JpegTables).ToArray(),
            Orientation = (int)Math.Min(d.Number(TiffField.Orientation, 1), int.MaxValue),
        };
        return layout with { Data = layout.FindData(d, fileLength) };
    }

    private static int ReadBits(TiffDirectory d)
    {
        long[] bits = d.Has(TiffField.BitsPerSample) ? d.Numbers(TiffField.BitsPerSample, 8) : [1];
        return Array.TrueForAll(bits, b => b == bits[0]) && bits[0] is 1 or 2 or 4 or 8 or 16
            ? (int)bits[0]
            : throw Refuse($"has {string.Join(", ", bits.Distinct())} bits per sample; 1, 2, 4, 8 or 16 expected");
    }

    private static TiffCompression ReadCompression(TiffDirectory d, int bits)
    {
        long number = d.Number(TiffField.Compression, 1);
        var compression = (TiffCompression)Math.Min(number, int.MaxValue);
        if (compression == (TiffCompression)6)
            throw Refuse("is compressed as JPEG in the way of TIFF 6.0 of 1992 (compression 6), which is not supported");
        if (!Enum.IsDefined(compression))
            throw Refuse($"is compressed by method {number}, which is not supported");
        if (compression is TiffCompression.CcittRle or TiffCompression.CcittT4 or TiffCompression.CcittT6 && bits != 1)
            throw new ImageException(
                $"the TIFF file is damaged: {bits} bits per sample in a fax coding (compression {number}), which has 1");
        if (compression == TiffCompression.Jpeg && bits != 8)
            throw Refuse($"holds {bits}-bit JPEG; 8 bits expected");
        return compression;
    }

    private static TiffPhotometric ReadPhotometric(TiffDirectory d, TiffCompression compression, int bits)
    {
        long number = d.Number(TiffField.Photometric, 1);
        var photometric = (TiffPhotometric)Math.Min(number, int.MaxValue);
        bool known = photometric switch
        {
            TiffPhotometric.WhiteIsZero or TiffPhotometric.BlackIsZero => true,
            TiffPhotometric.Rgb => bits >= 8,
            TiffPhotometric.Palette => bits <= 8,
            TiffPhotometric.YCbCr => compression == TiffCompression.Jpeg,
            _ => false,
        };
        return known ? photometric : throw Refuse($"has colours of kind {photometric}; grey, RGB or a palette of up to 8 bits expected");
    }

    private static bool ReadPredictor(TiffDirectory d, TiffCompression compression, int bits)
    {
        long predictor = d.Number(TiffField.Predictor, 1);
        if (predictor == 1 || compression is not (TiffCompression.Lzw or TiffCompression.Deflate or TiffCompression.OldDeflate))
            return false;
        if (predictor != 2 || bits < 8)
            throw Refuse($"uses predictor {predictor} with {bits}-bit samples, which is not supported");
        return true;
    }

    private static byte[][] ReadPalette(TiffDirectory d, int bits)
    {
        int colors = 1 << bits;
        long[] map = d.Numbers(TiffField.ColorMap, 3L * colors);
        if (map.Length < 3 * colors)
            throw new ImageException($"the TIFF file is damaged: its palette has {map.Length / 3} colours, {colors} were expected");
        // Palettes are found whose entries have 8 bits where the format says 16.
        int shift = Array.TrueForAll(map, v => v <= byte.MaxValue) ? 0 : 8;
        return [.. Enumerable.Range(0, 3).Select(c => Array.ConvertAll(map[(c * colors)..((c + 1) * colors)], v => (byte)(v >> shift)))];
    }

    private static int StripRows(TiffDirectory d, int height)
    {
        long rows = d.Number(TiffField.RowsPerStrip, height);
        return rows > 0 ? (int)Math.Min(rows, height) : throw new ImageException("the TIFF file is damaged: its strips have 0 rows");
    }

    private static (int, int) TileSize(TiffDirectory d, long width, long height)
    {
        (long w, long h) = (d.Number(TiffField.TileWidth, 0), d.Number(TiffField.TileHeight, 0));
        if (w is < 1 or > int.MaxValue || h is < 1 or > int.MaxValue || w * h > ImageSize.MaximumPixels
            || (width + w - 1) / w * w * ((height + h - 1) / h * h) > Math.Max(PlainTile, MaxPadding * width * height))
            throw new ImageException($"the TIFF file is damaged: its tiles are {w} x {h} pixels in an image of {width} x {height}");
        return ((int)w, (int)h);
    }

    private (int, int)[] FindData(TiffDirectory d, int fileLength)
    {
        string kind = IsTiled ? "tile" : "strip";
        long expected = (long)SegmentsAcross * SegmentsDown * (IsPlanar ? Samples : 1);
        long[] offsets = d.Numbers(IsTiled ? TiffField.TileOffsets : TiffField.StripOffsets, expected);
        long[] counts = d.Numbers(IsTiled ? TiffField.TileByteCounts : TiffField.StripByteCounts, expected);
        if (offsets.Length == 0)
            throw new ImageException("the TIFF file is damaged: it does not say where its pixels are");
        if (offsets.Length < expected)
            throw new ImageException(
                $"the TIFF file is damaged: {offsets.Length} of {expected} {kind}s are there; the others would be holes in the image");
        if (counts.Length == 0 && Compression == TiffCompression.None)
            counts = [.. Enumerable.Range(0, (int)expected).Select(SegmentBytes)];
        else if (counts.Length == 0 && expected == 1)
            counts = [fileLength - Math.Min(offsets[0], fileLength)];
        if (counts.Length < expected)
            throw new ImageException($"the TIFF file is damaged: the lengths of {counts.Length} of {expected} {kind}s are there");
        var data = new (int, int)[expected];
        for (int i = 0; i < data.Length; i++)
        {
            (long offset, long count, long bytes) = (offsets[i], counts[i], SegmentBytes(i));
            if (offset == 0 || count == 0)
                throw new ImageException(
                    $"the TIFF file is damaged: {kind} {i + 1} of {expected} is not there; it would be a hole in the image");
            if (offset > fileLength || count > fileLength - offset)
                throw new ImageException(
                    $"the TIFF file is truncated: it ends after {fileLength} bytes, {(decimal)offset + count} expected");
            if (bytes > Array.MaxLength || bytes > count * TiffSegments.MaxGain(this))
                throw new ImageException(
                    $"the TIFF file is truncated or damaged: {kind} {i + 1} of {expected} has {count} bytes, which cannot hold its "
                    + $"{bytes} bytes of pixels");
            data[i] = ((int)offset, (int)count);
        }
        return data;
    }

    /// <summary>Bytes of a segment, unpacked.</summary>
    private long SegmentBytes(int index) => (long)RowBytes * Rows(index / SegmentsAcross % SegmentsDown);

    private static ImageException Refuse(string what) => new($"the TIFF file {what}; save it as PNG");
}
