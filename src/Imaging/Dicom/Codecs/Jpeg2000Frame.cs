using LungSeg.Imaging.Codecs.Jpeg2000;

namespace LungSeg.Imaging.Dicom.Codecs;

/// <summary>
/// JPEG 2000 in DICOM (PS3.5, 8.2.4). Where the codestream and the attributes disagree about signs, bits, components or the colour
/// transform, the codestream counts, with a warning: it is what the encoder saw.
/// </summary>
internal static class Jpeg2000Frame
{
    private const string Topic = "pixels";

    /// <summary>Whether a frame is a codestream, or a whole JP2 file, which is found in its place.</summary>
    public static bool Recognizes(ReadOnlySpan<byte> coded) => Codestream.Recognizes(coded) || Jp2File.Recognizes(coded);

    /// <summary>Decodes a frame; the image comes back as the codestream has it.</summary>
    public static (Frame Frame, ImagePixel Image) Decode(byte[] coded, ImagePixel image, DecisionLog log)
    {
        (int offset, int length) = (0, coded.Length);
        if (Jp2File.Recognizes(coded))
        {
            (offset, length) = Jp2File.Read(coded).Codestream;
            log.Warn("compression", "the frame is a JP2 file in place of a codestream; its codestream was read");
        }
        Codestream codestream = Codestream.Read(coded, offset, length);
        ImageGrid grid = codestream.Grid;
        int samples = grid.Components.Length >= 3 ? 3 : 1;
        PixelGrid pixels = PixelGrid.Of(grid, Enumerable.Range(0, samples));
        if ((pixels.Area.Width, pixels.Area.Height) != (image.Columns, image.Rows))
            throw new ImageException(
                $"the DICOM file is damaged: its header states {image.Columns} x {image.Rows}, "
                + $"its JPEG 2000 data {pixels.Area.Width} x {pixels.Area.Height}");
        ImagePixel found = Reconcile(image, codestream, samples, log);

        Plane[] planes = codestream.Decode();
        ushort[] cells = new ushort[image.Pixels * samples];
        for (int c = 0; c < samples; c++)
            pixels.Spread(planes[c], cells, c, samples, table: null);
        foreach (string warning in codestream.Warnings)
            log.Warn("codestream", warning);
        log.Note("compression", $"JPEG 2000, {(codestream.IsReversible ? "reversible" : "irreversible, lossy")}");
        return (new Frame(cells, grid.Components[0].Bits, IsLossy: !codestream.IsReversible), found);
    }

    private static ImagePixel Reconcile(ImagePixel image, Codestream codestream, int samples, DecisionLog log)
    {
        ComponentSize[] components = codestream.Grid.Components;
        (int bits, bool signed, _, _) = components[0];
        if (components[..samples].Any(c => c.Bits != bits || c.IsSigned != signed) || (samples == 3 && signed))
            throw new ImageException("the DICOM file holds JPEG 2000 colour that is signed or of different depths, which is not supported");
        if (components.Length != image.Samples)
            log.Warn(Topic, $"{image.Samples} samples per pixel are stated, the codestream has {components.Length}, which counts");
        string photometric = Photometric(image, codestream, samples, log);
        // Values that were coded with the unused bits of their cells are brought down as those of other codings.
        bool isWholeCell = bits == image.HighBit + 1 && image.Shift > 0;
        if (bits != image.BitsStored && !isWholeCell)
            log.Warn(Topic, $"{image.BitsStored} bits stored are stated, the codestream has {bits}, which counts");
        if (signed != image.IsSigned)
            log.Warn(Topic, $"{Name(image.IsSigned)} values are stated, the codestream has {Name(signed)} ones, which counts");
        return image with
        {
            Samples = samples,
            Photometric = photometric,
            IsPlanar = false,
            IsSigned = signed,
            BitsAllocated = Math.Max(image.BitsAllocated, bits > 8 ? 16 : 8),
            BitsStored = isWholeCell ? image.BitsStored : bits,
            HighBit = isWholeCell ? image.HighBit : bits - 1,
        };
    }

    /// <summary>
    /// What the decoded components are: with a component transform red, green and blue, else what the attributes say of as many.
    /// </summary>
    private static string Photometric(ImagePixel image, Codestream codestream, int samples, DecisionLog log)
    {
        if (samples == 1)
            return image.Samples == 1 ? image.Photometric : "MONOCHROME2";
        bool saysTransform = image.Photometric is "YBR_RCT" or "YBR_ICT", isGrey = image.Samples == 1;
        if (codestream.HasTransform != saysTransform)
            log.Warn(
                "colour",
                $"{image.Photometric} {(saysTransform ? "states" : "denies")} a colour transform that the codestream "
                + $"{(codestream.HasTransform ? "has" : "does not have")}; the codestream counts");
        return codestream.HasTransform || saysTransform || isGrey ? "RGB" : image.Photometric;
    }

    private static string Name(bool isSigned) => isSigned ? "signed" : "unsigned";
}
