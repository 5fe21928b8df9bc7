using LungSeg.Imaging.Dicom.Writing;

namespace LungSeg.Imaging.Outputs;

/// <summary>The overlay as a DICOM Secondary Capture image.</summary>
internal sealed class SecondaryCaptureWriter(ResultOptions options) : IResultWriter
{
    public string Name => "sc";

    public string Extension => ".sc.dcm";

    public string Description => "the overlay as DICOM Secondary Capture image";

    public void Write(Stream stream, LungSegmentation result) => SecondaryCapture.Make(result, Name).Write(stream, options.Compression);
}
