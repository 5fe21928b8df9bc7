using BitMiracle.LibTiff.Classic;

namespace LungSeg.Imaging.Codecs;

/// <summary>
/// TIFF, first page: grey, RGB or palette, 8 or 16 bits, strips or tiles, any compression that LibTiff.NET reads. Extra samples
/// (alpha) are dropped, white-is-zero is inverted, the orientation tag is applied.
/// </summary>
internal sealed class TiffDecoder : IImageDecoder
{
    public string Format => "TIFF";

    public bool Recognizes(ReadOnlySpan<byte> file) =>
        file.StartsWith("II*\0"u8) || file.StartsWith("MM\0*"u8) || file.StartsWith("II+\0"u8) || file.StartsWith("MM\0+"u8);

    public Radiograph Decode(byte[] file)
    {
        TiffDirectory.RefuseCut(file);
        TiffErrors.Listen();
        try
        {
            using Tiff tiff = Tiff.ClientOpen("picture", "r", new MemoryStream(file, writable: false), new TiffStream())
                ?? throw TiffErrors.ToException();
            TiffLayout layout = TiffLayout.Read(tiff, file.Length);
            ushort[] samples = TiffPixels.Read(tiff, layout);
            // LibTiff reports some losses and goes on; a picture with holes is not a picture.
            if (TiffErrors.Any)
                throw TiffErrors.ToException();
            Radiograph picture = new(layout.Width, layout.Height, layout.Channels, layout.Bits, samples)
            {
                Description = $"TIFF, {layout.Bits}-bit {(layout.Channels == 1 ? "grey" : "colour")}",
                Decisions = tiff.LastDirectory() ? [] : [new Decision("pages", "the first page of several was read", IsWarning: true)],
            };
            return Orientation.Apply(picture, layout.Orientation);
        }
        catch (Exception e) when (e is not (ImageException or OutOfMemoryException))
        {
            throw new ImageException($"the TIFF file is damaged or truncated: {(TiffErrors.Any ? TiffErrors.First : e.Message)}", e);
        }
    }
}
