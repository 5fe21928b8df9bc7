using LungSeg.Imaging.Codecs;

namespace LungSeg.Imaging.Dicom;

/// <summary>The image pixel module (DICOM PS3.3, C.7.6.3), checked before anything is allocated by it.</summary>
internal sealed record ImagePixel(
    int Rows, int Columns, int Samples, string Photometric, bool IsPlanar, int BitsAllocated, int BitsStored, int HighBit, bool IsSigned,
        int Frames)
{
    public bool IsColor => Photometric is not ("MONOCHROME1" or "MONOCHROME2");

    public bool IsYbr => Photometric is "YBR_FULL" or "YBR_FULL_422";

    /// <summary>Whether colours were transformed by JPEG 2000, whose decoder turns them back into red, green and blue.</summary>
    public bool IsTransformed => Photometric is "YBR_RCT" or "YBR_ICT";

    /// <summary>Bits to the right of a stored value's lowest.</summary>
    public int Shift => HighBit + 1 - BitsStored;

    /// <summary>Whether pixels are single bits, as segmentations store masks.</summary>
    public bool IsBinary => BitsAllocated == 1;

    /// <summary>Bytes of one cell.</summary>
    public int CellBytes => BitsAllocated / 8;

    public int Pixels => Rows * Columns;

    /// <summary>Bytes of all frames, uncompressed; chrominance of YBR_FULL_422 is halved.</summary>
    public long NativeBytes => IsBinary
        ? ((long)Pixels * Frames + 7) / 8
        : (long)Pixels * (Photometric == "YBR_FULL_422" ? 2 : Samples) * CellBytes * Frames;

    /// <summary>A stored value from the bits of its cell, lowest bit first.</summary>
    public int ToValue(int bits) => IsSigned && bits >> BitsStored - 1 != 0 ? bits - (1 << BitsStored) : bits;

    public static ImagePixel Read(DataSet data, DecisionLog log)
    {
        (int rows, int columns) = (data.RequiredUInt16(Tags.Rows), data.RequiredUInt16(Tags.Columns));
        ImageSize.Check(columns, rows);
        string photometric = data.Code(Tags.PhotometricInterpretation, log);
        if (photometric.Length == 0)
            throw DataSet.Missing(Tags.PhotometricInterpretation);
        int samples = SamplesOf(photometric);
        if (data.UInt16(Tags.SamplesPerPixel) is { } stated && stated != samples)
            throw new ImageException(
                $"the DICOM file is damaged: {Tags.Describe(Tags.SamplesPerPixel)} is {stated} in a {photometric} image");
        (int allocated, int stored, int high) = ReadBits(data, log);
        bool signed = data.UInt16(Tags.PixelRepresentation) switch
        {
            1 => true,
            0 => false,
            null => throw DataSet.Missing(Tags.PixelRepresentation),
            var other => throw new ImageException(
                $"the DICOM file is damaged: {Tags.Describe(Tags.PixelRepresentation)} is {other}, 0 or 1 was expected"),
        };
        if (samples == 3 && (signed || high + 1 != stored || (allocated != 8 && photometric is not ("RGB" or "YBR_RCT" or "YBR_ICT"))))
            throw new ImageException(
                $"the DICOM file holds {(signed ? "signed" : $"{stored} of {allocated}-bit")} {photometric} colour, which is not "
                + "supported");
        bool planar = samples == 3 && data.UInt16(Tags.PlanarConfiguration) == 1;
        ImagePixel image = new(rows, columns, samples, photometric, planar, allocated, stored, high, signed, ReadFrames(data, log));
        string sign = signed ? "signed" : "unsigned";
        log.Note("pixels", $"{columns} x {rows}, {photometric}, {stored} bits stored in {allocated}, "
            + $"{sign}{(image.Shift > 0 ? $", high bit {high}" : "")}");
        return image;
    }

    /// <summary>Refuses a data set without pixels, or with pixels of a kind that is no grey or colour value.</summary>
    public static void RefuseNoImage(DataSet data)
    {
        if (data.Find(Tags.FloatPixelData) is not null)
            throw new ImageException(
                "the DICOM file holds 32-bit floating point pixels, which are not supported; 8 or 16 bits were expected");
        if (data.Find(Tags.DoubleFloatPixelData) is not null)
            throw new ImageException(
                "the DICOM file holds 64-bit floating point pixels, which are not supported; 8 or 16 bits were expected");
        if (data.Find(Tags.PixelData) is null)
            throw new ImageException(
                $"the DICOM file holds no image: it lacks {Tags.Describe(Tags.PixelData)} "
                + $"({SopClass.Describe(data.Text(Tags.SopClassUid))})");
    }

    private static int SamplesOf(string photometric) => photometric switch
    {
        "MONOCHROME1" or "MONOCHROME2" or "PALETTE COLOR" => 1,
        "RGB" or "YBR_FULL" or "YBR_FULL_422" or "YBR_RCT" or "YBR_ICT" => 3,
        _ => throw UnsupportedPhotometric(photometric),
    };

    public static ImageException UnsupportedPhotometric(string photometric) =>
        new($"the DICOM file is in {Printable(photometric)}, which is not supported; MONOCHROME1, MONOCHROME2, PALETTE COLOR, RGB, "
            + "YBR_FULL or YBR_FULL_422 was expected");

    private static (int Allocated, int Stored, int High) ReadBits(DataSet data, DecisionLog log)
    {
        int allocated = data.RequiredUInt16(Tags.BitsAllocated), stored = data.RequiredUInt16(Tags.BitsStored);
        if (allocated == 1 && stored == 1 && data.Text(Tags.SopClassUid) == SopClass.Segmentation)
            return (1, 1, 0);
        if (allocated is not (8 or 16))
            throw new ImageException(
                $"the DICOM file holds a {allocated}-bit image ({Tags.Describe(Tags.BitsAllocated)}), which is not supported; 8 or 16 "
                + "bits were expected");
        if (stored is < 2 || stored > allocated)
            throw new ImageException(
                $"the DICOM file states {stored} {(stored == 1 ? "bit" : "bits")} stored in {allocated} "
                + $"({Tags.Describe(Tags.BitsStored)}); 2 to {allocated} were expected");
        int high = data.UInt16(Tags.HighBit) ?? -1;
        if (high < 0)
        {
            high = stored - 1;
            log.Warn("pixels", $"{Tags.Describe(Tags.HighBit)} is absent; {high} was assumed");
        }
        if (high < stored - 1 || high >= allocated)
            throw new ImageException(
                $"the DICOM file is damaged: {Tags.Describe(Tags.HighBit)} is {high} where {stored} bits are stored in {allocated}");
        return (allocated, stored, high);
    }

    private static int ReadFrames(DataSet data, DecisionLog log)
    {
        if (!data.Has(Tags.NumberOfFrames))
            return 1;
        string stated = Printable(data.Text(Tags.NumberOfFrames));
        double number = data.Numbers(Tags.NumberOfFrames)[0];
        if (number > 1_000_000)
            throw new ImageException($"the DICOM file is damaged: {Tags.Describe(Tags.NumberOfFrames)} is \"{stated}\"");
        if (number >= 1 && number == (int)number)
            return (int)number;
        log.Warn("frame", $"{Tags.Describe(Tags.NumberOfFrames)} is \"{stated}\"; one frame was assumed");
        return 1;
    }

    /// <summary>Text from a file, fit for a one-line message.</summary>
    public static string Printable(string text) =>
        string.Concat(text.Take(64).Select(c => char.IsControl(c) ? '?' : c));
}
