namespace LungSeg.Imaging.Dicom;

/// <summary>How pixel data is coded.</summary>
internal enum PixelCoding
{
    Native,
    Rle,
    Jpeg,
    Jpeg2000,
    Unsupported,
}

/// <summary>
/// How a file's data set and pixels are written (DICOM PS3.5, annex A); <paramref name="Advice"/> says what to do where it cannot be read.
/// </summary>
internal sealed record TransferSyntax(string Uid, string Name, PixelCoding Coding, bool IsExplicit = true, bool BigEndian = false,
    bool Deflated = false, string Advice = "")
{
    private const string Wavelet =
        "convert it to PNG (DCMTK and OpenJPEG 2.5): dcmdump +W . IN.dcm && mv IN.dcm.1.raw IN.j2k && opj_decompress -i IN.j2k -o OUT.png";
    private const string Xl = "convert it to PNG (DCMTK and libjxl): dcmdump +W . IN.dcm && djxl IN.dcm.1.raw OUT.png";
    private const string Resend = "have it sent or exported uncompressed";
    private const string Video = "take one frame out: gdcmraw -i IN.dcm -o VIDEO && ffmpeg -i VIDEO -frames:v 1 OUT.png";
    private const string Elsewhere = "its pixels lie on a server and not in the file; fetch it in another transfer syntax";
    private const string Dicom = "1.2.840.10008.1.2", Jpeg = Dicom + ".4.";

    /// <summary>JPEG-LS that may have rounded values.</summary>
    public bool IsNearLossless => Uid == Jpeg + "81";

    public static TransferSyntax ImplicitLittleEndian { get; } =
        new(Dicom, "implicit VR little endian", PixelCoding.Native, IsExplicit: false);

    public static TransferSyntax ExplicitLittleEndian { get; } = new(Dicom + ".1", "explicit VR little endian", PixelCoding.Native);

    public static TransferSyntax ExplicitBigEndian { get; } =
        new(Dicom + ".2", "explicit VR big endian", PixelCoding.Native, BigEndian: true);

    /// <summary>The syntax of a UID; one that is unknown is taken for a compression that cannot be read.</summary>
    public static TransferSyntax Of(string uid) => uid switch
    {
        Dicom => ImplicitLittleEndian,
        Dicom + ".1" => ExplicitLittleEndian,
        Dicom + ".2" => ExplicitBigEndian,
        Dicom + ".1.99" => new(uid, "deflated explicit VR little endian", PixelCoding.Native, Deflated: true),
        Dicom + ".1.98" => new(uid, "encapsulated uncompressed", PixelCoding.Unsupported, Advice: Resend),
        Dicom + ".5" => new(uid, "RLE", PixelCoding.Rle),
        Jpeg + "50" => new(uid, "JPEG baseline", PixelCoding.Jpeg),
        Jpeg + "51" => new(uid, "JPEG extended", PixelCoding.Jpeg),
        Jpeg + "52" or Jpeg + "53" or Jpeg + "54" or Jpeg + "55" or Jpeg + "56" => new(uid, "JPEG (retired process)", PixelCoding.Jpeg),
        Jpeg + "57" => new(uid, "JPEG lossless", PixelCoding.Jpeg),
        Jpeg + "70" => new(uid, "JPEG lossless, first-order prediction", PixelCoding.Jpeg),
        Jpeg + "80" => new(uid, "JPEG-LS lossless", PixelCoding.Jpeg),
        Jpeg + "81" => new(uid, "JPEG-LS near-lossless", PixelCoding.Jpeg),
        Jpeg + "90" => new(uid, "JPEG 2000 lossless", PixelCoding.Jpeg2000),
        Jpeg + "91" => new(uid, "JPEG 2000", PixelCoding.Jpeg2000),
        Jpeg + "92" or Jpeg + "93" => new(uid, "JPEG 2000 part 2", PixelCoding.Unsupported, Advice: Wavelet),
        Jpeg + "94" or Jpeg + "95" or Jpeg + "204" or Jpeg + "205" => new(uid, "JPIP", PixelCoding.Unsupported, Advice: Elsewhere),
        Jpeg + "100" or Jpeg + "100.1" or Jpeg + "101" or Jpeg + "101.1" =>
            new(uid, "MPEG-2 video", PixelCoding.Unsupported, Advice: Video),
        Jpeg + "102" or Jpeg + "102.1" or Jpeg + "103" or Jpeg + "103.1" or Jpeg + "104" or Jpeg + "104.1" or Jpeg + "105" or Jpeg + "105.1"
            or Jpeg + "106" or Jpeg + "106.1" => new(uid, "MPEG-4 video", PixelCoding.Unsupported, Advice: Video),
        Jpeg + "107" or Jpeg + "108" => new(uid, "HEVC video", PixelCoding.Unsupported, Advice: Video),
        Jpeg + "110" or Jpeg + "111" or Jpeg + "112" => new(uid, "JPEG XL", PixelCoding.Unsupported, Advice: Xl),
        Jpeg + "201" or Jpeg + "202" => new(uid, "HTJ2K (JPEG 2000) lossless", PixelCoding.Unsupported, Advice: Wavelet),
        Jpeg + "203" => new(uid, "HTJ2K (JPEG 2000)", PixelCoding.Unsupported, Advice: Wavelet),
        _ => new(uid, "unknown", PixelCoding.Unsupported, Advice: Resend),
    };
}
