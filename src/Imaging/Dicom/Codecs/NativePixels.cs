using System.Buffers.Binary;

namespace LungSeg.Imaging.Dicom.Codecs;

/// <summary>Uncompressed pixel data: cells of 8 or 16 bits, colour by pixel or by plane, YBR_FULL_422 with halved chroma.</summary>
internal static class NativePixels
{
    public static Frame Decode(DataSet data, ImagePixel image, int frame, DecisionLog log)
    {
        Element element = data.Find(Tags.PixelData)!.Value;
        if (element.Length < 0)
            throw new ImageException("the DICOM file is damaged: its pixel data is encapsulated, its transfer syntax says uncompressed");
        bool halved = image.Photometric == "YBR_FULL_422";
        if (halved && image.Columns % 2 != 0)
            throw new ImageException($"the DICOM file is damaged: {image.Columns} columns of {image.Photometric}, which come in pairs");
        ReadOnlySpan<byte> all = data.Bytes(Tags.PixelData);
        long cells = (long)image.Pixels * (halved ? 2 : image.Samples), size = cells * image.CellBytes, expected = size * image.Frames;
        if (all.Length < expected)
            throw new ImageException($"the DICOM file is truncated: its pixel data has {all.Length} bytes, {expected} were expected");
        if (all.Length > expected + 1)
            log.Warn("pixels", $"the pixel data has {all.Length} bytes, {expected} were expected; the rest was left out");

        // 8-bit cells in big-endian words lie in swapped pairs.
        int swap = image.CellBytes == 1 && data.BigEndian && element.Vr == "OW" ? 1 : 0;
        int start = (int)(size * (frame - 1));
        if (swap == 1 && start + size > (all.Length & ~1))
            throw new ImageException("the DICOM file is damaged: its pixel data ends within a word");
        ushort[] read = new ushort[cells];
        if (image.CellBytes == 1)
            for (int i = 0; i < read.Length; i++)
                read[i] = all[start + i ^ swap];
        else
            for (int i = 0; i < read.Length; i++)
                read[i] = data.BigEndian ? BinaryPrimitives.ReadUInt16BigEndian(all[(start + 2 * i)..])
                    : BinaryPrimitives.ReadUInt16LittleEndian(all[(start + 2 * i)..]);
        ushort[] ordered = halved ? Unhalve(read) : image.IsPlanar ? Interleave(read, image.Pixels) : read;
        return new Frame(ordered, image.BitsAllocated);
    }

    /// <summary>Three planes to pixels.</summary>
    private static ushort[] Interleave(ushort[] planes, int pixels)
    {
        ushort[] interleaved = new ushort[planes.Length];
        for (int i = 0; i < pixels; i++)
            for (int c = 0; c < 3; c++)
                interleaved[3 * i + c] = planes[c * pixels + i];
        return interleaved;
    }

    /// <summary>Y1 Y2 Cb Cr to two pixels that share their chroma.</summary>
    private static ushort[] Unhalve(ushort[] pairs)
    {
        ushort[] full = new ushort[pairs.Length / 2 * 3];
        for (int from = 0, to = 0; from < pairs.Length; from += 4, to += 6)
        {
            (full[to], full[to + 3]) = (pairs[from], pairs[from + 1]);
            full[to + 1] = full[to + 4] = pairs[from + 2];
            full[to + 2] = full[to + 5] = pairs[from + 3];
        }
        return full;
    }
}
