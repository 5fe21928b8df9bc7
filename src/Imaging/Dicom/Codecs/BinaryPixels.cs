namespace LungSeg.Imaging.Dicom.Codecs;

/// <summary>
/// The single-bit frames of a segmentation, packed without gaps, the first pixel in the lowest bit. Where no frame is asked for, all
/// of them together are the mask.
/// </summary>
internal static class BinaryPixels
{
    public static Frame Decode(DicomFile file, ImagePixel image, int? wanted, DecisionLog log)
    {
        FrameDecoder.CheckNumber(image.Frames, wanted);
        if (file.Syntax.Coding != PixelCoding.Native || file.DataSet.Find(Tags.PixelData)!.Value is { Length: < 0 } || file.DataSet.BigEndian)
            throw new ImageException($"the DICOM file is a segmentation in {file.Syntax.Name}, which is not supported; explicit or implicit VR little endian was expected");
        ReadOnlySpan<byte> bits = file.DataSet.Bytes(Tags.PixelData);
        long expected = ((long)image.Pixels * image.Frames + 7) / 8;
        if (bits.Length < expected)
            throw new ImageException($"the DICOM file is truncated: its pixel data has {bits.Length} bytes, {expected} were expected");
        if (image.Frames > 1)
            log.Note("frame", wanted is { } only ? $"{only} of {image.Frames}" : $"all {image.Frames} segments together");
        ushort[] cells = new ushort[image.Pixels];
        for (int frame = wanted ?? 1; frame <= (wanted ?? image.Frames); frame++)
        {
            long at = (long)image.Pixels * (frame - 1);
            for (int i = 0; i < cells.Length; i++, at++)
                cells[i] |= (ushort)(bits[(int)(at >> 3)] >> (int)(at & 7) & 1);
        }
        return new Frame(cells, 1);
    }
}
