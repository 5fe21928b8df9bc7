using LungSeg.Imaging.Codecs.Jpeg;

namespace LungSeg.Imaging.Dicom.Display;

/// <summary>
/// Colour to red, green and blue: stored so, as luminance and chrominance, or by palette. The grey-scale chain does not apply.
/// </summary>
internal static class ColorImage
{
    public static (ushort[] Samples, int BitDepth) Make(Frame frame, ImagePixel image, DataSet data, DicomOptions options, DecisionLog log)
    {
        log.Warn("colour", $"{image.Photometric}: a radiograph is grey; text or overlays may be burned in");
        (ushort[] samples, int depth) = image.Photometric switch
        {
            "PALETTE COLOR" => FromPalette(frame.ToStored(image, data.OverlayBits, log), image, data, log),
            "RGB" => FromRgb(frame.ToStored(image, data.OverlayBits, log), image),
            _ => FromYbr(frame.Cells, image),
        };
        if (options.Invert == Inversion.On)
        {
            log.Note("inversion", "on, as asked");
            for (int i = 0; i < samples.Length; i++)
                samples[i] = (ushort)((1 << depth) - 1 - samples[i]);
        }
        return (samples, depth);
    }

    private static (ushort[] Samples, int BitDepth) FromRgb(ushort[] samples, ImagePixel image)
    {
        int depth = image.BitsStored <= 8 ? 8 : 16, highest = (1 << image.BitsStored) - 1, white = (1 << depth) - 1;
        if (highest != white)
            for (int i = 0; i < samples.Length; i++)
                samples[i] = (ushort)((samples[i] * (long)white + highest / 2) / highest);
        return (samples, depth);
    }

    private static (ushort[] Samples, int BitDepth) FromYbr(ushort[] samples, ImagePixel image)
    {
        if (image.BitsStored != 8)
            throw new ImageException(
                $"the DICOM file holds {image.BitsStored}-bit {image.Photometric} colour, which is not supported; 8 bits were expected");
        JpegColor.ToRgb(samples, precision: 8);
        return (samples, 8);
    }

    private static (ushort[] Samples, int BitDepth) FromPalette(ushort[] stored, ImagePixel image, DataSet data, DecisionLog log)
    {
        if (data.Has(Tags.SegmentedRedPaletteData))
            throw new ImageException("the DICOM file has a segmented palette, which is not supported; have it sent or exported as RGB");
        LookupTable[] tables =
        [
            LookupTable.Read(data, Tags.RedPaletteDescriptor, Tags.RedPaletteData, image.IsSigned, log),
            LookupTable.Read(data, Tags.GreenPaletteDescriptor, Tags.GreenPaletteData, image.IsSigned, log),
            LookupTable.Read(data, Tags.BluePaletteDescriptor, Tags.BluePaletteData, image.IsSigned, log),
        ];
        // Palettes of 8 bits are found that state 16.
        int highest = tables.Max(t => t.Entries.Max()), full = tables.Max(t => t.MaxValue);
        if (highest <= byte.MaxValue && full > byte.MaxValue)
        {
            log.Warn("lookup table", $"no entry of the palette is over {highest} where more than 8 bits are stated; read as 8 bits");
            tables = Array.ConvertAll(tables, t => t with { Bits = 8 });
        }
        int depth = tables.Max(t => t.Bits) <= 8 ? 8 : 16, white = (1 << depth) - 1;
        ushort[] rgb = new ushort[stored.Length * 3];
        for (int i = 0; i < stored.Length; i++)
            for (int c = 0; c < 3; c++)
                rgb[3 * i + c] = (ushort)(
                    (tables[c].Find(image.ToValue(stored[i])) * (long)white + tables[c].MaxValue / 2) / tables[c].MaxValue);
        return (rgb, depth);
    }
}
