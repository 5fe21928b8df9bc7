namespace LungSeg.Imaging.Dicom;

/// <summary>How DICOM results are compressed, without loss.</summary>
public enum DicomCompression
{
    /// <summary>Explicit VR little endian, which every reader must read.</summary>
    None,

    /// <summary>Deflated explicit VR little endian: the whole data set.</summary>
    Deflated,

    /// <summary>RLE lossless: pixel data of 8 bits; objects without any stay uncompressed.</summary>
    Rle,
}
