using LungSeg.Imaging.Dicom.Writing;

namespace LungSeg.Imaging.Outputs;

/// <summary>The outlines as a DICOM presentation state; for grey DICOM images only.</summary>
internal sealed class PresentationStateWriter(ResultOptions options) : IResultWriter
{
    public string Name => "pr";

    public string Extension => ".pr.dcm";

    public string Description =>
        "the outlines as DICOM presentation state, for archives that know no segmentations; for grey DICOM images only";

    public void Write(Stream stream, LungSegmentation result) => PresentationState.Make(result, Name).Write(stream, options.Compression);
}
