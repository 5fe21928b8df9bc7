using System.Buffers.Binary;

namespace LungSeg.Imaging.Dicom.Codecs;

/// <summary>DICOM's RLE (PS3.5, annex G): one PackBits segment to each byte of each sample, highest byte first.</summary>
internal static class RunLength
{
    private const int HeaderBytes = 64, MaximumSegments = 15, MaximumGain = 64;

    public static Frame Decode(ReadOnlySpan<byte> coded, ImagePixel image)
    {
        int count = image.Samples * image.CellBytes;
        if (coded.Length < HeaderBytes)
            throw new ImageException("the DICOM file is damaged: its RLE header is cut off");
        uint segments = BinaryPrimitives.ReadUInt32LittleEndian(coded);
        if (segments != count || count > MaximumSegments)
            throw new ImageException($"the DICOM file is damaged: {segments} RLE segments, {count} were expected");
        if ((long)image.Pixels * count > (long)coded.Length * MaximumGain)
            throw new ImageException(
                $"the DICOM file is truncated: {coded.Length} bytes of RLE cannot hold {image.Columns} x {image.Rows} pixels");
        ushort[] cells = new ushort[image.Pixels * image.Samples];
        for (int s = 0; s < count; s++)
        {
            long from = BinaryPrimitives.ReadUInt32LittleEndian(coded[(4 + 4 * s)..]);
            long to = s + 1 < count ? BinaryPrimitives.ReadUInt32LittleEndian(coded[(8 + 4 * s)..]) : coded.Length;
            if (from < HeaderBytes || to < from || to > coded.Length)
                throw new ImageException($"the DICOM file is damaged: RLE segment {s + 1} lies outside the pixel data");
            (int sample, int shift) = (s / image.CellBytes, 8 * (image.CellBytes - 1 - s % image.CellBytes));
            Unpack(coded[(int)from..(int)to], cells, sample, image.Samples, shift, s + 1);
        }
        return new Frame(cells, image.BitsAllocated);
    }

    private static void Unpack(ReadOnlySpan<byte> packed, ushort[] cells, int first, int step, int shift, int segment)
    {
        int at = 0, cell = first;
        while (cell < cells.Length)
        {
            if (at >= packed.Length)
                throw Short(segment);
            int control = (sbyte)packed[at++];
            if (control == -128)
                continue;
            bool literal = control >= 0;
            int length = literal ? control + 1 : 1 - control;
            if (packed.Length - at < (literal ? length : 1))
                throw Short(segment);
            for (int i = 0; i < length && cell < cells.Length; i++, cell += step)
                cells[cell] |= (ushort)(packed[literal ? at + i : at] << shift);
            at += literal ? length : 1;
        }
    }

    private static ImageException Short(int segment) =>
        new($"the DICOM file is truncated: RLE segment {segment} ends before the last pixel");
}
