using LungSeg.IO;

namespace LungSeg.Engine.Weights;

/// <summary>Reads and writes the safetensors format.</summary>
public static class Safetensors
{
    /// <summary>
    /// Opens a file. Values are read from it when they are asked for, piece by piece; it stays open as long as the result or any of its
    /// weights is in use. Throws <see cref="CheckpointException"/> for a damaged or hostile file.
    /// </summary>
    public static StateDict Read(string path) => SafetensorsReader.Read(FileBytes.Open(path));

    /// <summary>
    /// Writes a file that appears whole or not at all, as
    /// <see cref="Write(Stream, IEnumerable{Parameter}, IReadOnlyDictionary{string, string}, DType)"/> does.
    /// </summary>
    /// <param name="path">The file to make or replace.</param>
    /// <param name="parameters">The weights, in the order in which the header lists them.</param>
    /// <param name="metadata">Notes for the header; the keys are sorted.</param>
    /// <param name="dtype">Float32, Float16 or BFloat16.</param>
    /// <returns>What the conversion lost.</returns>
    /// <exception cref="FileException">The path cannot be written.</exception>
    public static RoundingReport Write(
        string path, IEnumerable<Parameter> parameters, IReadOnlyDictionary<string, string>? metadata = null, DType dtype = DType.Float32)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(parameters);
        SafetensorsWriter.Check(dtype);
        RoundingReport? report = null;
        AtomicFile.Write(path, stream => report = Write(stream, parameters, metadata, dtype));
        return report!;
    }

    /// <summary>
    /// Writes weights to a stream. The same input gives the same bytes. Weights that were stored as integers or booleans are written as
    /// float32 whatever the type asked for.
    /// </summary>
    /// <param name="stream">Where the file's bytes go.</param>
    /// <param name="parameters">The weights, in the order in which the header lists them.</param>
    /// <param name="metadata">Notes for the header; the keys are sorted.</param>
    /// <param name="dtype">Float32, Float16 or BFloat16.</param>
    /// <returns>What the conversion lost.</returns>
    public static RoundingReport Write(
        Stream stream, IEnumerable<Parameter> parameters, IReadOnlyDictionary<string, string>? metadata = null, DType dtype = DType.Float32)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(parameters);
        Parameter[] weights = [.. parameters];
        foreach (Parameter weight in weights) ArgumentNullException.ThrowIfNull(weight, nameof(parameters));
        return SafetensorsWriter.Write(stream, weights, metadata ?? new Dictionary<string, string>(), dtype);
    }
}
