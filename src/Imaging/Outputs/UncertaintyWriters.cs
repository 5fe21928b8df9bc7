using LungSeg.Imaging.Dicom.Writing;
using LungSeg.Imaging.Quality;

namespace LungSeg.Imaging.Outputs;

/// <summary>The uncertainty of each pixel as grey PNG of 16 bits, 65535 where the probability of lung is a half.</summary>
internal sealed class UncertaintyWriter : ResultWriter
{
    public override string Name => "uncertainty";

    public override string Extension => ".uncertainty.png";

    public override string Description => "uncertainty of each pixel, PNG of 16 bits, 65535 where the probability is a half";

    protected override void WriteContent(Stream stream, LungSegmentation result) =>
        ImageWriter.WritePng(stream, LungUncertainty.MapOf(result).ToImage());
}

/// <summary>The uncertainty of each pixel as a NumPy array of float32, 1 where the probability of lung is a half.</summary>
internal sealed class UncertaintyArrayWriter : ResultWriter
{
    public override string Name => "uncertainty-npy";

    public override string Extension => ".uncertainty.npy";

    public override string Description => "the same as NumPy array of float32, 0 to 1";

    protected override void WriteContent(Stream stream, LungSegmentation result) => NumPyFile.Write(stream, LungUncertainty.MapOf(result));
}

/// <summary>The uncertainty of each pixel as fractional DICOM segmentation; for DICOM images only.</summary>
internal sealed class UncertaintySegmentationWriter(ResultOptions options) : ResultWriter
{
    public override string Name => "uncertainty-seg";

    public override string Extension => ".uncertainty.dcm";

    public override string Description => "the same as fractional DICOM segmentation; for DICOM images only";

    protected override string? Lacking(LungSegmentation result) => SourceImage.ReasonToSkip(result);

    protected override void WriteContent(Stream stream, LungSegmentation result) =>
        SegmentationObject.MakeUncertainty(result, Name).Write(stream, options.Compression);
}
