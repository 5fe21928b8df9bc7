using System.Buffers.Binary;

namespace LungSeg.Imaging.Codecs.Jpeg2000;

/// <summary>One component as SIZ states it: depth, sign, and how many steps of the reference grid lie between its samples.</summary>
internal readonly record struct ComponentSize(int Bits, bool IsSigned, int Dx, int Dy);

/// <summary>A rectangle of samples; its right and lower ends lie outside.</summary>
internal readonly record struct Area(int X0, int Y0, int X1, int Y1)
{
    public int Width => X1 - X0;

    public int Height => Y1 - Y0;

    public bool IsEmpty => X1 <= X0 || Y1 <= Y0;

    /// <summary>The samples of a component that is subsampled by these steps.</summary>
    public Area Subsample(int dx, int dy) => new(CeilingOf(X0, dx), CeilingOf(Y0, dy), CeilingOf(X1, dx), CeilingOf(Y1, dy));

    /// <summary>The samples that are left after so many halvings.</summary>
    public Area Halve(int times) => new(Halved(X0, times), Halved(Y0, times), Halved(X1, times), Halved(Y1, times));

    public static int CeilingOf(long value, long divisor) => (int)((value + divisor - 1) / divisor);

    private static int Halved(long value, int times) => (int)(value + (1L << times) - 1 >> times);
}

/// <summary>The SIZ marker segment (ISO/IEC 15444-1, A.5.1): where image and tiles lie on the reference grid, and the components.</summary>
internal sealed record ImageGrid(Area Image, int TileX0, int TileY0, long TileWidth, long TileHeight, int Capabilities,
    ComponentSize[] Components)
{
    private const int MaximumBits = 16, MaximumTiles = 65535, Extensions = 0x8000, HighThroughput = 0x4000;

    public int TilesAcross => Area.CeilingOf(Image.X1 - (long)TileX0, TileWidth);

    public int TilesDown => Area.CeilingOf(Image.Y1 - (long)TileY0, TileHeight);

    public int Tiles => TilesAcross * TilesDown;

    /// <summary>The samples of a component in the whole image.</summary>
    public Area Samples(int component) => Image.Subsample(Components[component].Dx, Components[component].Dy);

    /// <summary>A tile's part of the image, on the reference grid.</summary>
    public Area Tile(int index)
    {
        (long x, long y) = (TileX0 + index % TilesAcross * TileWidth, TileY0 + index / TilesAcross * TileHeight);
        return new Area(
            (int)Math.Max(x, Image.X0), (int)Math.Max(y, Image.Y0), (int)Math.Min(x + TileWidth, Image.X1),
                (int)Math.Min(y + TileHeight, Image.Y1));
    }

    /// <summary>Whether any component has samples in a tile; with subsampled components a narrow one may have none.</summary>
    public bool HasSamples(int tile)
    {
        Area area = Tile(tile);
        return Array.Exists(Components, c => !area.Subsample(c.Dx, c.Dy).IsEmpty);
    }

    public static ImageGrid Read(ReadOnlySpan<byte> body, int maximumComponents)
    {
        if (body.Length < 36)
            throw Codestream.Damaged("its size (SIZ) is cut off");
        Span<long> words = stackalloc long[8];
        for (int i = 0; i < words.Length; i++)
            words[i] = BinaryPrimitives.ReadUInt32BigEndian(body[(2 + 4 * i)..]);
        (long x1, long y1, long x0, long y0) = (words[0], words[1], words[2], words[3]);
        (long tileWidth, long tileHeight, long tileX, long tileY) = (words[4], words[5], words[6], words[7]);
        int capabilities = BinaryPrimitives.ReadUInt16BigEndian(body), count = BinaryPrimitives.ReadUInt16BigEndian(body[34..]);
        if (x1 <= x0 || y1 <= y0 || x1 > int.MaxValue || y1 > int.MaxValue)
            throw Codestream.Damaged($"an image from {x0}, {y0} to {x1}, {y1}");
        if (tileWidth == 0 || tileHeight == 0 || tileX > x0 || tileY > y0 || tileX + tileWidth <= x0 || tileY + tileHeight <= y0)
            throw Codestream.Damaged($"tiles of {tileWidth} x {tileHeight} from {tileX}, {tileY}");
        if (((x1 - tileX + tileWidth - 1) / tileWidth) * ((y1 - tileY + tileHeight - 1) / tileHeight) > MaximumTiles)
            throw Codestream.Damaged($"tiles of {tileWidth} x {tileHeight}, which are more than {MaximumTiles}");
        if (count == 0 || body.Length < 36 + 3 * count)
            throw Codestream.Damaged($"{count} components");
        if (count > maximumComponents)
            throw new ImageException(
                $"the JPEG 2000 data has {count} components, which is not supported; 1 to {maximumComponents} were expected");
        ComponentSize[] components = new ComponentSize[count];
        Area image = new((int)x0, (int)y0, (int)x1, (int)y1);
        for (int c = 0; c < count; c++)
        {
            (int depth, int dx, int dy) = (body[36 + 3 * c], body[37 + 3 * c], body[38 + 3 * c]);
            components[c] = new ComponentSize((depth & 0x7F) + 1, depth >> 7 != 0, dx, dy);
            if (dx == 0 || dy == 0 || image.Subsample(dx, dy).IsEmpty)
                throw Codestream.Damaged($"component {c} has no samples");
            if (components[c].Bits > MaximumBits)
                throw new ImageException(
                    $"the JPEG 2000 data has {components[c].Bits} bits per sample, which is not supported; "
                    + $"1 to {MaximumBits} were expected");
        }
        if ((capabilities & HighThroughput) != 0 && (capabilities & Extensions) == 0)
            throw Codestream.HighThroughput();
        return new ImageGrid(image, (int)tileX, (int)tileY, tileWidth, tileHeight, capabilities, components);
    }
}
