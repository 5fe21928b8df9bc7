namespace LungSeg.Imaging.Outputs;

/// <summary>One kind of file that a segmentation is written as.</summary>
public interface IResultWriter
{
    /// <summary>The word that names the format.</summary>
    string Name { get; }

    /// <summary>What the file's name ends in, from the dot on.</summary>
    string Extension { get; }

    /// <summary>What the file holds, in a few words.</summary>
    string Description { get; }

    /// <summary>
    /// Why an image cannot have this format, in a few words such as "not a DICOM image"; null where it can. A run over many images leaves
    /// such a format out; <see cref="Write"/> throws.
    /// </summary>
    string? ReasonToSkip(LungSegmentation result) => null;

    /// <summary>Writes the file's content.</summary>
    /// <exception cref="ImageException">The image lacks what the format needs.</exception>
    void Write(Stream stream, LungSegmentation result);
}

/// <summary>The formats of this library.</summary>
internal abstract class ResultWriter : IResultWriter
{
    public abstract string Name { get; }

    public abstract string Extension { get; }

    public abstract string Description { get; }

    public string? ReasonToSkip(LungSegmentation result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return Lacking(result);
    }

    /// <summary>What a result lacks for this format, in a few words; null where it lacks nothing.</summary>
    protected virtual string? Lacking(LungSegmentation result) => null;

    public void Write(Stream stream, LungSegmentation result)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(result);
        WriteContent(stream, result);
    }

    protected abstract void WriteContent(Stream stream, LungSegmentation result);
}
