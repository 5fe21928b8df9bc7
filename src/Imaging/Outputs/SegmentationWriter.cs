using LungSeg.Imaging.Dicom.Writing;

namespace LungSeg.Imaging.Outputs;

/// <summary>A DICOM segmentation, one segment for each lung; for DICOM images only.</summary>
internal sealed class SegmentationWriter(ResultOptions options) : IResultWriter
{
    public string Name => "seg";

    public string Extension => ".seg.dcm";

    public string Description => "DICOM segmentation, one segment for each lung; for DICOM images only";

    public void Write(Stream stream, LungSegmentation result) =>
        SegmentationObject.Make(result, options.SegmentationType, Name).Write(stream, options.Compression);
}
