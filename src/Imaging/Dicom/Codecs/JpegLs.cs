namespace LungSeg.Imaging.Dicom.Codecs;

/// <summary>
/// JPEG-LS (ISO/IEC 14495-1), lossless and near-lossless: the marker segments; <see cref="JpegLsScan"/> decodes the samples.
/// </summary>
internal static class JpegLs
{
    private const int Frame55 = 0xF7, Preset = 0xF8, RestartInterval = 0xDD, App8 = 0xE8, PresetParameters = 1;

    public static Frame Decode(byte[] coded, ImagePixel image)
    {
        // A row takes at least one bit.
        if (image.Rows > 8L * coded.Length)
            throw new ImageException(
                $"the DICOM file is truncated: {coded.Length} bytes of JPEG-LS cannot hold {image.Columns} x {image.Rows} pixels");
        JpegFrameHeader? header = null;
        byte[] preset = [];
        ushort[] cells = [];
        bool[] decoded = new bool[image.Samples];
        JpegSegments segments = new(coded);
        while (segments.Next())
        {
            ReadOnlySpan<byte> body = segments.Body;
            switch (segments.Marker)
            {
                case Frame55 when header is null:
                    header = JpegFrameHeader.Read(body, image);
                    break;
                case Frame55:
                    throw new ImageException("the DICOM file is damaged: its JPEG-LS data has two frame headers");
                case Preset when body is [PresetParameters, ..] && body.Length == 11:
                    preset = body[1..].ToArray();
                    break;
                case Preset:
                    throw new ImageException("the DICOM file uses JPEG-LS with mapping tables, which is not supported");
                case RestartInterval:
                    throw new ImageException("the DICOM file uses JPEG-LS with restart intervals, which is not supported");
                case App8 when body.StartsWith("mrfx"u8) && body is not [_, _, _, _, 0, ..]:
                    throw new ImageException(
                        "the DICOM file uses JPEG-LS with a colour transform of Hewlett-Packard's, which is not supported");
                case JpegSegments.StartOfScan:
                    if (header is null)
                        throw new ImageException("the DICOM file is damaged: a scan comes before the frame header of its JPEG-LS data");
                    if (cells.Length == 0)
                        cells = new ushort[image.Pixels * image.Samples];
                    segments.At = ReadScan(coded, segments.At, body, header, preset, image, cells, decoded);
                    if (Array.TrueForAll(decoded, d => d))
                        return new Frame(cells, header.Precision) { StrayBytes = segments.StrayBytes };
                    break;
            }
        }
        throw new ImageException("the DICOM file is truncated: its JPEG-LS data lacks a component");
    }

    private static int ReadScan(byte[] coded, int at, ReadOnlySpan<byte> body, JpegFrameHeader header, byte[] preset, ImagePixel image,
        ushort[] cells, bool[] decoded)
    {
        int[] components = header.ComponentsOfScan(body);
        (int near, int interleave, int transform) = (body[^3], body[^2], body[^1]);
        for (int i = 0; i < components.Length; i++)
        {
            if (body[2 + 2 * i] != 0)
                throw new ImageException("the DICOM file uses JPEG-LS with mapping tables, which is not supported");
            if (decoded[components[i]])
                throw new ImageException("the DICOM file is damaged: its JPEG-LS data codes a component twice");
            decoded[components[i]] = true;
        }
        if (transform != 0)
            throw new ImageException("the DICOM file uses JPEG-LS with a point transform, which is not supported");
        if (interleave > 2 || (interleave == 0) != (components.Length == 1))
            throw new ImageException(
                $"the DICOM file is damaged: JPEG-LS interleave mode {interleave} with {components.Length} components");
        JpegLsParameters parameters = JpegLsParameters.Create(preset, header.Precision, near);
        return new JpegLsScan(parameters, image, components, cells).Decode(coded, at, bySample: interleave == 2);
    }
}
