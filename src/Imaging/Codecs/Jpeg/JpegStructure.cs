using System.Buffers.Binary;

namespace LungSeg.Imaging.Codecs.Jpeg;

/// <summary>What a JPEG file says about itself, read by walking its markers from start to end of image; a cut file has no end.</summary>
internal sealed class JpegStructure
{
    /// <summary>A colour component: its sampling factors and the number of its quantisation table.</summary>
    public readonly record struct Component(int Id, int Horizontal, int Vertical, int Table);

    /// <summary>A marker's parameters and, for a scan, its entropy-coded data, as places in the file.</summary>
    public readonly record struct Segment(int Marker, Range Body, Range Data);

    public const int StartOfScan = 0xDA, Progressive = 0xC2;

    private const int StartOfImage = 0xD8, EndOfImage = 0xD9, App0 = 0xE0, App1 = 0xE1, App14 = 0xEE, JpegLs = 0xF7;

    /// <summary>Last byte of the frame's marker: 0xC0 baseline, 0xC1 extended, 0xC2 progressive, ...</summary>
    public int Frame { get; private set; }

    public bool IsProgressive => Frame == Progressive;

    public int Precision { get; private set; }

    public int Width { get; private set; }

    public int Height { get; private set; }

    public Component[] Components { get; private set; } = [];

    public int Scans { get; private set; }

    /// <summary>All segments in the order of the file.</summary>
    public List<Segment> Segments { get; } = [];

    public bool HasJfif { get; private set; }

    /// <summary>Adobe's colour transform, or -1 where the file has no Adobe segment.</summary>
    public int AdobeTransform { get; private set; } = -1;

    public int Orientation { get; private set; } = 1;

    /// <summary>Bytes between segments that belong to none, and are skipped as libjpeg skips them.</summary>
    public int StrayBytes { get; private set; }

    public static JpegStructure Read(ReadOnlySpan<byte> file)
    {
        JpegStructure jpeg = new();
        bool seenExif = false;
        int at = 2;
        while (true)
        {
            int marker = jpeg.NextMarker(file, ref at);
            if (marker == EndOfImage)
                break;
            if (marker is >= 0xD0 and <= StartOfImage or 0x01)
                continue;
            if (at + 2 > file.Length)
                throw Truncated(file.Length);
            int length = BinaryPrimitives.ReadUInt16BigEndian(file[at..]);
            if (length < 2)
                throw new ImageException($"the JPEG file is damaged: a segment at byte {at} has an impossible length");
            if (at + length > file.Length)
                throw Truncated(file.Length);
            ReadOnlySpan<byte> body = file.Slice(at + 2, length - 2);
            if (marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC))
                jpeg.ReadFrame(marker, body);
            else if (marker == JpegLs)
                throw new ImageException("the JPEG file uses JPEG-LS, which is not supported; save it as PNG");
            else if (marker == App0 && body.StartsWith("JFIF\0"u8))
                jpeg.HasJfif = true;
            else if (marker == App14 && body.Length >= 12 && body.StartsWith("Adobe"u8))
                jpeg.AdobeTransform = body[11];
            else if (marker == App1 && body.StartsWith("Exif\0\0"u8) && !seenExif)
                (seenExif, jpeg.Orientation) = (true, Codecs.Orientation.ReadExif(body[6..]));
            Range parameters = (at + 2)..(at + length);
            at += length;
            int data = at;
            if (marker == StartOfScan)
            {
                jpeg.Scans++;
                SkipEntropyData(file, ref at);
            }
            jpeg.Segments.Add(new Segment(marker, parameters, data..at));
        }
        if (jpeg.Frame == 0 || jpeg.Scans == 0)
            throw new ImageException("the JPEG file is damaged: it holds no image");
        return jpeg;
    }

    private void ReadFrame(int marker, ReadOnlySpan<byte> body)
    {
        if (Frame != 0)
            throw new ImageException("the JPEG file has several frames (hierarchical JPEG), which is not supported; save it as PNG");
        if (body.Length < 6 || body.Length < 6 + body[5] * 3)
            throw new ImageException("the JPEG file is damaged: its frame header is too short");
        (Frame, Precision) = (marker, body[0]);
        (Height, Width) = (BinaryPrimitives.ReadUInt16BigEndian(body[1..]), BinaryPrimitives.ReadUInt16BigEndian(body[3..]));
        if (Height == 0 && Width > 0)
            throw new ImageException(
                "the JPEG file does not tell its height before its first scan (it is 0, as before a DNL segment), which is not supported; "
                + "save it as PNG");
        Components = new Component[body[5]];
        for (int i = 0; i < Components.Length; i++)
            Components[i] = new Component(body[6 + 3 * i], body[7 + 3 * i] >> 4, body[7 + 3 * i] & 15, body[8 + 3 * i]);
    }

    private int NextMarker(ReadOnlySpan<byte> file, ref int at)
    {
        while (true)
        {
            int stray = at < file.Length ? file[at..].IndexOf((byte)0xFF) : -1;
            if (stray < 0)
                throw Truncated(file.Length);
            StrayBytes += stray;
            at += stray;
            while (at < file.Length && file[at] == 0xFF)
                at++;
            if (at == file.Length)
                throw Truncated(file.Length);
            // A zero makes no marker.
            if (file[at++] is not 0 and var marker)
                return marker;
            StrayBytes += 2;
        }
    }

    /// <summary>Entropy-coded data ends at a marker that is neither a stuffed zero nor a restart.</summary>
    private static void SkipEntropyData(ReadOnlySpan<byte> file, ref int at)
    {
        while (true)
        {
            int next = file[at..].IndexOf((byte)0xFF);
            if (next < 0 || at + next + 1 >= file.Length)
                throw Truncated(file.Length);
            at += next;
            if (file[at + 1] == 0xFF)
                at++;
            else if (file[at + 1] is 0 or (>= 0xD0 and <= 0xD7))
                at += 2;
            else
                return;
        }
    }

    private static ImageException Truncated(int length) =>
        new($"the JPEG file is truncated: it ends after {length} bytes without its end mark");
}
