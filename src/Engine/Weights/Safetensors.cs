namespace LungSeg.Engine.Weights;

/// <summary>Reads and writes the safetensors format.</summary>
public static class Safetensors
{
    /// <summary>
    /// Opens a file by mapping it; the values are read lazily and the mapping lives as long as the result or any of its
    /// weights. Throws <see cref="CheckpointException"/> for a damaged or hostile file.
    /// </summary>
    public static StateDict Read(string path) => SafetensorsReader.Read(FileBytes.Open(path));

    /// <summary>
    /// Writes weights beside <paramref name="path"/> and renames the file into place. The same input gives the same
    /// bytes. Weights that were stored as integers or booleans are written as float32 whatever the type asked for.
    /// </summary>
    /// <param name="path">The file to make or replace.</param>
    /// <param name="parameters">The weights, in the order in which the header lists them.</param>
    /// <param name="metadata">Notes for the header; the keys are sorted.</param>
    /// <param name="dtype">Float32, Float16 or BFloat16.</param>
    /// <returns>What the conversion lost.</returns>
    public static RoundingReport Write(
        string path, IEnumerable<Parameter> parameters, IReadOnlyDictionary<string, string>? metadata = null, DType dtype = DType.Float32) =>
        SafetensorsWriter.Write(path, [.. parameters], metadata ?? new Dictionary<string, string>(), dtype);
}
