using LungSeg.Imaging.Dicom.Writing;
using LungSeg.Imaging.Quality;

namespace LungSeg.Imaging.Outputs;

/// <summary>The uncertainty of each pixel as grey PNG of 16 bits, 65535 where the probability of lung is a half.</summary>
internal sealed class UncertaintyWriter : IResultWriter
{
    public string Name => "uncertainty";

    public string Extension => ".uncertainty.png";

    public string Description => "uncertainty of each pixel, PNG of 16 bits, 65535 where the probability is a half";

    public void Write(Stream stream, LungSegmentation result) => ImageWriter.WritePng(stream, LungUncertainty.MapOf(result).ToImage());
}

/// <summary>The uncertainty of each pixel as a NumPy array of float32, 1 where the probability of lung is a half.</summary>
internal sealed class UncertaintyArrayWriter : IResultWriter
{
    public string Name => "uncertainty-npy";

    public string Extension => ".uncertainty.npy";

    public string Description => "the same as NumPy array of float32, 0 to 1";

    public void Write(Stream stream, LungSegmentation result) => NumPyFile.Write(stream, LungUncertainty.MapOf(result));
}

/// <summary>The uncertainty of each pixel as fractional DICOM segmentation; for DICOM images only.</summary>
internal sealed class UncertaintySegmentationWriter(ResultOptions options) : IResultWriter
{
    public string Name => "uncertainty-seg";

    public string Extension => ".uncertainty.dcm";

    public string Description => "the same as fractional DICOM segmentation; for DICOM images only";

    public void Write(Stream stream, LungSegmentation result) =>
        SegmentationObject.MakeUncertainty(result, Name).Write(stream, options.Compression);
}
