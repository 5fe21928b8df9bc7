namespace LungSeg.Imaging.Dicom;

/// <summary>How grey values are mapped from the modality's units to the image.</summary>
public enum Voi
{
    /// <summary>
    /// The file's VOI LUT, else its first window; where it has neither, 8-bit values as stored and deeper ones by minimum and maximum.
    /// </summary>
    Auto,

    /// <summary>The whole range of values that can be stored.</summary>
    None,

    /// <summary>Minimum to maximum of the image, pixel padding left out.</summary>
    MinMax,
}

/// <summary>Whether dark and bright are exchanged.</summary>
public enum Inversion
{
    /// <summary>Where the file is MONOCHROME1 or its presentation LUT shape is INVERSE.</summary>
    Auto,

    /// <summary>Always, whatever the file says.</summary>
    On,

    /// <summary>Never, whatever the file says.</summary>
    Off,
}

/// <summary>What the reader of DICOM files is left to choose.</summary>
public sealed record DicomOptions
{
    /// <summary>The mapping of grey values.</summary>
    public Voi Voi { get; init; }

    /// <summary>The exchange of dark and bright.</summary>
    public Inversion Invert { get; init; }

    /// <summary>
    /// Whether what is no acquired image is refused by name, though it has pixels: a segmentation, or a capture that this program wrote.
    /// </summary>
    public bool ImagesOnly { get; init; }

    /// <summary>The frame to read, counted from 1; null refuses a file that has several.</summary>
    public int? Frame { get; init; }
}
