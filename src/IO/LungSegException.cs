namespace LungSeg.IO;

/// <summary>
/// An error whose message is meant for the user: what was expected, what was found, where, and what to do. Its message states facts and
/// names no option of a program; a program adds its own words for <see cref="Remedy"/>.
/// </summary>
public abstract class LungSegException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What the caller can change so that the same call succeeds.</summary>
    public Remedy Remedy { get; init; }
}

/// <summary>A file cannot be read or written: it is missing, too large, not permitted, in the way, or the disk is full.</summary>
public sealed class FileException(string message, Exception? inner = null) : LungSegException(message, inner);

/// <summary>What a caller can change after an error. A program maps each to its own option or button.</summary>
public enum Remedy
{
    /// <summary>Nothing but the input itself.</summary>
    None,

    /// <summary>Choose one frame of a file that has several.</summary>
    ChooseFrame,

    /// <summary>Use the mode whose mask has the image's own size.</summary>
    NativeMode,

    /// <summary>Name another output file.</summary>
    NameOutput,

    /// <summary>Allow an existing file to be replaced.</summary>
    Overwrite,

    /// <summary>Name another output file, or allow the existing one to be replaced.</summary>
    NameOutputOrOverwrite,

    /// <summary>Convert and add the network's weights, or name a weights file.</summary>
    ProvideWeights,

    /// <summary>Store the weights in an element type of a wider range.</summary>
    WiderType,

    /// <summary>Compute on the CPU.</summary>
    CpuDevice,
}
