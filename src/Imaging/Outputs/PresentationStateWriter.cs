using LungSeg.Imaging.Dicom.Writing;

namespace LungSeg.Imaging.Outputs;

/// <summary>The outlines as a DICOM presentation state; for grey DICOM images only.</summary>
internal sealed class PresentationStateWriter(ResultOptions options) : ResultWriter
{
    public override string Name => "pr";

    public override string Extension => ".pr.dcm";

    public override string Description =>
        "the outlines as DICOM presentation state, for archives that know no segmentations; for grey DICOM images only";

    protected override string? Lacking(LungSegmentation result) => SourceImage.ReasonToSkip(result, grey: true);

    protected override void WriteContent(Stream stream, LungSegmentation result) =>
        PresentationState.Make(result, Name).Write(stream, options.Compression);
}
