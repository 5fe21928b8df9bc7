namespace LungSeg.Imaging.Outputs;

/// <summary>How a DICOM segmentation holds the lungs (PS3.3, C.8.20.2.3).</summary>
public enum SegmentationType
{
    /// <summary>A frame of single bits for each lung.</summary>
    Binary,

    /// <summary>A frame of 8 bits for each lung: the probability before threshold and clean-up, 255 for 1.</summary>
    Fractional,

    /// <summary>One frame of 8 bits: the number of the lung at each pixel (Supplement 243).</summary>
    LabelMap,
}

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

/// <summary>How a structured report holds the region of a lung.</summary>
public enum ReportRegion
{
    /// <summary>A frame of the DICOM segmentation, which is written beside the report.</summary>
    Segmentation,

    /// <summary>A polyline on the image.</summary>
    Outline,
}

/// <summary>What is left to choose of result files.</summary>
public sealed record ResultOptions
{
    /// <summary>The kind of DICOM segmentation.</summary>
    public SegmentationType SegmentationType { get; init; } = SegmentationType.Binary;

    /// <summary>The regions of structured reports; null for the segmentation where one is written, and an outline otherwise.</summary>
    public ReportRegion? ReportRegion { get; init; }

    /// <summary>The compression of DICOM results.</summary>
    public DicomCompression Compression { get; init; } = DicomCompression.None;
}
