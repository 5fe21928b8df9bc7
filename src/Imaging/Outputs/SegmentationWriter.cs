using LungSeg.Imaging.Dicom.Writing;

namespace LungSeg.Imaging.Outputs;

/// <summary>A DICOM segmentation, one segment for each lung; for DICOM images only.</summary>
internal sealed class SegmentationWriter(ResultOptions options) : ResultWriter
{
    public override string Name => "seg";

    public override string Extension => ".seg.dcm";

    public override string Description => "DICOM segmentation, one segment for each lung; for DICOM images only";

    protected override string? Lacking(LungSegmentation result) => SourceImage.ReasonToSkip(result);

    protected override void WriteContent(Stream stream, LungSegmentation result) =>
        SegmentationObject.Make(result, options.SegmentationType, Name).Write(stream, options.Compression);
}
