using System.Buffers.Binary;

namespace LungSeg.Imaging.Dicom.Codecs;

/// <summary>Walks the marker segments of a JPEG or JPEG-LS stream.</summary>
internal ref struct JpegSegments(ReadOnlySpan<byte> data)
{
    public const int StartOfImage = 0xD8, EndOfImage = 0xD9, StartOfScan = 0xDA;

    private readonly ReadOnlySpan<byte> _data = data;

    /// <summary>Where the next marker is looked for.</summary>
    public int At { get; set; }

    /// <summary>The current marker's second byte.</summary>
    public int Marker { get; private set; }

    /// <summary>Bytes between segments that belong to none, and are skipped as libjpeg skips them.</summary>
    public int StrayBytes { get; private set; }

    /// <summary>The current segment without marker and length.</summary>
    public ReadOnlySpan<byte> Body { get; private set; }

    /// <summary>Goes to the next segment; false at the end of the image.</summary>
    public bool Next()
    {
        while (true)
        {
            if (_data.Length - At < 2)
                throw new ImageException("the DICOM file is truncated: its JPEG data ends without an end mark");
            if (_data[At] != 0xFF || _data[At + 1] == 0)
            {
                StrayBytes++;
                At++;
                continue;
            }
            Marker = _data[At + 1];
            if (Marker == 0xFF)
            {
                At++;
                continue;
            }
            At += 2;
            if (Marker == EndOfImage)
                return false;
            if (Marker is >= 0xD0 and <= StartOfImage or 0x01)
                continue;
            int length = _data.Length - At < 2 ? 0 : BinaryPrimitives.ReadUInt16BigEndian(_data[At..]);
            if (length < 2 || length > _data.Length - At)
                throw new ImageException($"the DICOM file is damaged: segment 0xFF{Marker:X2} of its JPEG data has an impossible length");
            Body = _data.Slice(At + 2, length - 2);
            At += length;
            return true;
        }
    }

    /// <summary>The marker of the first frame header: 0xC0 baseline, 0xC1 extended, 0xC3 lossless, 0xF7 JPEG-LS, ...</summary>
    public static int FrameMarker(ReadOnlySpan<byte> data)
    {
        if (!data.StartsWith((ReadOnlySpan<byte>)[0xFF, StartOfImage]))
            throw new ImageException("the DICOM file is damaged: its pixel data is not JPEG, as its transfer syntax says");
        JpegSegments segments = new(data);
        while (segments.Next() && segments.Marker != StartOfScan)
            if (segments.Marker is 0xF7 or (>= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC)))
                return segments.Marker;
        throw new ImageException("the DICOM file is damaged: its JPEG data has no frame header");
    }
}
