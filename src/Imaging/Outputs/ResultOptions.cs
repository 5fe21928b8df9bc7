using LungSeg.Imaging.Dicom;

namespace LungSeg.Imaging.Outputs;

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
