using System.Buffers.Binary;

namespace LungSeg.Imaging.Dicom.Codecs;

/// <summary>A frame header of a lossless JPEG or JPEG-LS stream, held against what the DICOM header says.</summary>
internal sealed record JpegFrameHeader(int Precision, int Rows, int Columns, int[] ComponentIds)
{
    public static JpegFrameHeader Read(ReadOnlySpan<byte> body, ImagePixel image)
    {
        if (body.Length < 6 || body.Length < 6 + 3 * body[5])
            throw new ImageException("the DICOM file is damaged: its JPEG frame header is too short");
        int[] ids = new int[body[5]];
        for (int i = 0; i < ids.Length; i++)
        {
            ids[i] = body[6 + 3 * i];
            if (body[7 + 3 * i] != 0x11)
                throw new ImageException("the DICOM file uses subsampled colour in lossless JPEG, which is not supported");
        }
        JpegFrameHeader header =
            new(body[0], BinaryPrimitives.ReadUInt16BigEndian(body[1..]), BinaryPrimitives.ReadUInt16BigEndian(body[3..]), ids);
        if (header.Precision is < 2 or > 16)
            throw new ImageException($"the DICOM file is damaged: {header.Precision} bits per sample in its JPEG data");
        CheckSize(image, header.Columns, header.Rows, ids.Length);
        return header;
    }

    /// <summary>Refuses JPEG data of another size than the DICOM header states.</summary>
    public static void CheckSize(ImagePixel image, int columns, int rows, int samples)
    {
        if ((columns, rows, samples) != (image.Columns, image.Rows, image.Samples))
            throw new ImageException(
                $"the DICOM file is damaged: its header states {image.Columns} x {image.Rows} x {image.Samples}, its JPEG data {columns} "
                + $"x {rows} x {samples}");
    }

    /// <summary>Which components of the frame a scan header names; its components come two bytes each after a count.</summary>
    public int[] ComponentsOfScan(ReadOnlySpan<byte> body)
    {
        if (body.Length < 1 || body[0] is 0 or > 4 || body.Length != 4 + 2 * body[0])
            throw new ImageException("the DICOM file is damaged: its JPEG scan header is too short");
        int[] components = new int[body[0]];
        for (int i = 0; i < components.Length; i++)
        {
            components[i] = Array.IndexOf(ComponentIds, body[1 + 2 * i]);
            if (components[i] < 0 || Array.IndexOf(components, components[i]) != i)
                throw new ImageException(
                    "the DICOM file is damaged: a JPEG scan names a component that the frame does not have, or one twice");
        }
        return components;
    }
}
