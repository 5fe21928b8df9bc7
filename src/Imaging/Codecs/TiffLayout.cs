using BitMiracle.LibTiff.Classic;

namespace LungSeg.Imaging.Codecs;

/// <summary>How a TIFF page's pixels are stored; anything that is not read exactly is refused here by name.</summary>
internal sealed record TiffLayout(int Width, int Height, int Stored, int Bits, int Orientation, bool Planar, bool Inverted, ushort[][]? Palette)
{
    /// <summary>Channels of the decoded picture: 1 grey or 3 colour.</summary>
    public int Channels => Stored >= 3 || Palette is not null ? 3 : 1;

    public static TiffLayout Read(Tiff tiff, int fileLength)
    {
        int width = Value(tiff, TiffTag.IMAGEWIDTH, 0), height = Value(tiff, TiffTag.IMAGELENGTH, 0);
        PictureSize.Check(width, height);
        int bits = Value(tiff, TiffTag.BITSPERSAMPLE, 1), stored = Value(tiff, TiffTag.SAMPLESPERPIXEL, 1);
        if (bits is not (8 or 16))
            throw Refuse($"has {bits} bits per sample; 8 or 16 expected");
        if (Value(tiff, TiffTag.SAMPLEFORMAT, (int)SampleFormat.UINT) is not ((int)SampleFormat.UINT or (int)SampleFormat.VOID))
            throw Refuse("has signed or floating-point samples; unsigned whole numbers expected");
        Photometric photometric = (Photometric)Value(tiff, TiffTag.PHOTOMETRIC, (int)Photometric.MINISBLACK);
        if (photometric == Photometric.YCBCR && Value(tiff, TiffTag.COMPRESSION, 0) == (int)Compression.JPEG)
        {
            tiff.SetField(TiffTag.JPEGCOLORMODE, JpegColorMode.RGB);
            photometric = Photometric.RGB;
        }
        bool grey = photometric is Photometric.MINISBLACK or Photometric.MINISWHITE;
        bool palette = photometric == Photometric.PALETTE && bits == 8;
        if (!grey && !palette && photometric != Photometric.RGB)
            throw Refuse($"has colours of kind {photometric}; grey, RGB or an 8-bit palette expected");
        if (photometric == Photometric.RGB ? stored is < 3 or > 8 : stored is < 1 or > 2)
            throw Refuse($"has {stored} samples per pixel");
        RefuseCutData(tiff, fileLength);
        return new TiffLayout(width, height, grey || palette ? 1 : stored, bits, Value(tiff, TiffTag.ORIENTATION, 1),
            Value(tiff, TiffTag.PLANARCONFIG, (int)PlanarConfig.CONTIG) == (int)PlanarConfig.SEPARATE,
            photometric == Photometric.MINISWHITE, palette ? ReadPalette(tiff) : null)
        { StoredInFile = stored };
    }

    /// <summary>Samples per pixel in the file, extra ones included.</summary>
    public int StoredInFile { get; private init; }

    private static ushort[][] ReadPalette(Tiff tiff)
    {
        FieldValue[] map = tiff.GetField(TiffTag.COLORMAP) ?? throw new ImageException("the TIFF file is damaged: its palette is missing");
        return [map[0].ToUShortArray(), map[1].ToUShortArray(), map[2].ToUShortArray()];
    }

    private static void RefuseCutData(Tiff tiff, int fileLength)
    {
        bool tiled = tiff.IsTiled();
        FieldValue[]? offsets = tiff.GetField(tiled ? TiffTag.TILEOFFSETS : TiffTag.STRIPOFFSETS);
        FieldValue[]? counts = tiff.GetField(tiled ? TiffTag.TILEBYTECOUNTS : TiffTag.STRIPBYTECOUNTS);
        if (offsets is null || counts is null)
            throw new ImageException("the TIFF file is damaged: it does not say where its pixels are");
        long[] at = [.. offsets[0].TolongArray()], length = [.. counts[0].TolongArray()];
        for (int i = 0; i < Math.Min(at.Length, length.Length); i++)
            if (at[i] < 0 || length[i] < 0 || at[i] + length[i] > fileLength)
                throw new ImageException($"the TIFF file is truncated: it ends after {fileLength} bytes, {at[i] + length[i]} expected");
    }

    private static int Value(Tiff tiff, TiffTag tag, int otherwise) =>
        tiff.GetField(tag) is [var value, ..] ? value.ToInt() : otherwise;

    private static ImageException Refuse(string what) => new($"the TIFF file {what}; save it as PNG");
}
