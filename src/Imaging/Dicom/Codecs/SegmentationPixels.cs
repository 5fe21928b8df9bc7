namespace LungSeg.Imaging.Dicom.Codecs;

/// <summary>
/// The frames of a segmentation (PS3.3, C.8.20.2): single bits packed without gaps, the first pixel in the lowest bit (BINARY), shares of a
/// maximum (FRACTIONAL), or the number of the segment at each pixel (LABELMAP). Where no frame is asked for, all of them together are the
/// mask, or the highest share of any.
/// </summary>
internal static class SegmentationPixels
{
    public static Frame Decode(DicomFile file, ImagePixel image, int? wanted, DecisionLog log)
    {
        FrameDecoder.CheckNumber(image.Frames, wanted);
        if (image.Frames > 1)
            log.Note("frame", wanted is { } only ? $"{only} of {image.Frames}" : $"all {image.Frames} segments together");
        (int first, int last) = (wanted ?? 1, wanted ?? image.Frames);
        return image.IsBinary ? DecodeBits(file, image, first, last) : DecodeBytes(file, image, first, last, log);
    }

    private static Frame DecodeBits(DicomFile file, ImagePixel image, int first, int last)
    {
        if (file.Syntax.Coding != PixelCoding.Native || file.DataSet.Find(Tags.PixelData)!.Value is { Length: < 0 }
            || file.DataSet.BigEndian)
            throw new ImageException(
                $"the DICOM file is a segmentation in {file.Syntax.Name}, which is not supported; explicit or implicit VR little endian "
                + "was expected");
        ReadOnlySpan<byte> bits = file.DataSet.Bytes(Tags.PixelData);
        long expected = ((long)image.Pixels * image.Frames + 7) / 8;
        if (bits.Length < expected)
            throw new ImageException($"the DICOM file is truncated: its pixel data has {bits.Length} bytes, {expected} were expected");
        ushort[] cells = new ushort[image.Pixels];
        for (int frame = first; frame <= last; frame++)
        {
            long at = (long)image.Pixels * (frame - 1);
            for (int i = 0; i < cells.Length; i++, at++)
                cells[i] |= (ushort)(bits[(int)(at >> 3)] >> (int)(at & 7) & 1);
        }
        return new Frame(cells, 1);
    }

    private static Frame DecodeBytes(DicomFile file, ImagePixel image, int first, int last, DecisionLog log)
    {
        string type = file.DataSet.Text(Tags.SegmentationType);
        // A label is lung, whatever its number.
        int whole = type switch
        {
            "LABELMAP" => 1,
            "FRACTIONAL" => file.DataSet.UInt16(Tags.MaximumFractionalValue) ?? byte.MaxValue,
            _ => throw new ImageException(
                $"the DICOM file is a segmentation of the type \"{ImagePixel.Printable(type)}\"; BINARY, FRACTIONAL or LABELMAP was "
                    + $"expected ({Tags.Describe(Tags.SegmentationType)})"),
        };
        if (image.BitsAllocated != 8 || image.BitsStored != 8 || image.IsSigned || whole is < 1 or > byte.MaxValue)
            throw new ImageException(
                $"the DICOM file is a {type} segmentation of {image.BitsStored} bits stored in {image.BitsAllocated} up to {whole}; 8 "
                + "bits up to 1 to 255 were expected");
        log.Note("segmentation", type == "LABELMAP" ? "LABELMAP: every label is taken as mask" : $"FRACTIONAL, {whole} for all");
        ushort[] cells = new ushort[image.Pixels];
        for (int frame = first; frame <= last; frame++)
        {
            ushort[] read = FrameDecoder.DecodeFrame(file, image, frame, log).Frame.Cells;
            for (int i = 0; i < cells.Length; i++)
                cells[i] = (ushort)Math.Max(cells[i], (Math.Min(read[i], whole) * byte.MaxValue + whole / 2) / whole);
        }
        return new Frame(cells, 8);
    }
}
