namespace LungSeg.Imaging.Dicom.Display;

/// <summary>
/// The grey scale with which an image was read, as attributes hold it: modality LUT, or slope and intercept; VOI LUT, or a window;
/// inversion.
/// </summary>
internal sealed record GreyMapping
{
    public LookupTable? ModalityTable { get; init; }

    public (double Slope, double Intercept)? Rescale { get; init; }

    public LookupTable? VoiTable { get; init; }

    public (double Center, double Width, string Function)? Window { get; init; }

    public bool IsInverted { get; init; }
}
