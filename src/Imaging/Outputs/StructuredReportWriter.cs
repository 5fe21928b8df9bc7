using LungSeg.Imaging.Dicom.Writing;

namespace LungSeg.Imaging.Outputs;

/// <summary>The lungs' areas as a DICOM structured report, TID 1500; for DICOM images only.</summary>
internal sealed class StructuredReportWriter(ResultOptions options) : ResultWriter
{
    public override string Name => "sr";

    public override string Extension => ".sr.dcm";

    public override string Description => "areas of the lungs as DICOM structured report (TID 1500); for DICOM images only";

    protected override string? Lacking(LungSegmentation result) => SourceImage.ReasonToSkip(result);

    protected override void WriteContent(Stream stream, LungSegmentation result)
    {
        DerivedObject? segmentation = options.ReportRegion == ReportRegion.Segmentation
            ? SegmentationObject.Make(result, options.SegmentationType, Name) : null;
        MeasurementReport.Make(result, segmentation, Name).Write(stream, options.Compression);
    }
}
