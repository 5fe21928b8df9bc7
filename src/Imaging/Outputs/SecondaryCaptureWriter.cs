using LungSeg.Imaging.Dicom.Writing;

namespace LungSeg.Imaging.Outputs;

/// <summary>The overlay as a DICOM Secondary Capture image.</summary>
internal sealed class SecondaryCaptureWriter(ResultOptions options) : ResultWriter
{
    public override string Name => "sc";

    public override string Extension => ".sc.dcm";

    public override string Description => "the overlay as DICOM Secondary Capture image";

    protected override void WriteContent(Stream stream, LungSegmentation result) =>
        SecondaryCapture.Make(result, Name).Write(stream, options.Compression);
}
