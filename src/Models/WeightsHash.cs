using System.IO.Compression;
using LungSeg.Engine.Weights;
using LungSeg.IO;

namespace LungSeg.Models;

/// <summary>SHA-256 of checkpoints, to tell the study's own files.</summary>
internal static class WeightsHash
{
    /// <summary>The hash of a file in lower-case hexadecimal.</summary>
    public static string OfFile(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (BuiltInFiles.TryGet(path, out ReadOnlyMemory<byte> builtIn)) return Sha256.TextOf(builtIn.Span);
        try
        {
            using FileStream stream = File.OpenRead(path);
            return Sha256.TextOf(stream);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new CheckpointException($"'{path}' cannot be read: {e.Message}", e);
        }
    }

    /// <summary>
    /// The name and hash of a checkpoint, or of the one in a zip archive, which is how the study's files are distributed. The
    /// archive must have been read as a checkpoint before, which checks what it claims.
    /// </summary>
    public static (string Name, string Sha256) OfCheckpoint(string path, StateDict stateDict)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(stateDict);
        if (!stateDict.Format.EndsWith("in a zip archive", StringComparison.Ordinal)) return (Path.GetFileName(path), OfFile(path));
        try
        {
            using ZipArchive archive = ZipFile.OpenRead(path);
            ZipArchiveEntry inner = archive.Entries.First(entry => Checkpoint.IsCheckpointName(entry.FullName));
            using Stream stream = inner.Open();
            return ($"{Path.GetFileName(path)}/{inner.FullName}", Sha256.TextOf(stream));
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"'{path}' cannot be read as a zip archive: {e.Message}", e);
        }
    }

    /// <summary>The network whose published file has this hash, or null.</summary>
    public static Architecture? StudyFile(string sha256) => Architectures.All.FirstOrDefault(a => a.StudyCheckpoint?.Sha256 == sha256);
}
