using System.Text;
using System.Text.Json;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.IO;

namespace LungSeg.Cli.Tuning;

/// <summary>Where what <c>tune</c> measured on a GPU is kept: a file for each kind of GPU, or the one that a variable names.</summary>
internal static class TuningFile
{
    /// <summary>The user's file for a kind of GPU.</summary>
    public static string PathOf(string gpu)
    {
        var name = new StringBuilder();
        foreach (char letter in gpu) name.Append(char.IsAsciiLetterOrDigit(letter) ? char.ToLowerInvariant(letter) : '-');
        return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "lungseg", "tuning", $"{name}.json");
    }

    /// <summary>What was measured on a GPU; null where it was not. A file that cannot be read, or is another GPU's, is an error.</summary>
    public static CudaTuning? Find(CudaDevice gpu)
    {
        string? named = Settings.Value(Settings.Tuning);
        string path = named ?? PathOf(gpu.Name);
        if (named is null && !File.Exists(path)) return null;
        try
        {
            CudaTuning tuning = CudaTuning.Read(File.ReadAllBytes(path));
            return tuning.Device == gpu.Name ? tuning : throw new UsageException($"'{path}' was measured on {tuning.Device}, this is {gpu.Name}: run lungseg tune");
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"cannot read the tuning file '{path}': {e.Message}; run lungseg tune, or remove it");
        }
    }

    public static void Write(string path, CudaTuning tuning)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } directory) Directory.CreateDirectory(directory);
        AtomicFile.Write(path, stream =>
        {
            using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
            tuning.Write(json);
        });
    }
}
