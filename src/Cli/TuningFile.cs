using System.Text;
using System.Text.Json;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.IO;

namespace LungSeg.Cli;

/// <summary>The file with the measurements of <c>tune</c>: one for each kind of GPU, or the one that a variable names.</summary>
internal static class TuningFile
{
    /// <summary>The user's file for a kind of GPU.</summary>
    public static string PathOf(string gpu)
    {
        var name = new StringBuilder();
        foreach (char letter in gpu) name.Append(char.IsAsciiLetterOrDigit(letter) ? char.ToLowerInvariant(letter) : '-');
        return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "lungseg", "tuning", $"{name}.json");
    }

    /// <summary>
    /// The measurements of a GPU; null where there are none. Throws for a file that cannot be read or is for another GPU.
    /// </summary>
    public static CudaTuning? Find(CudaDevice gpu)
    {
        string? named = Settings.Value(Settings.Tuning);
        string path = named ?? PathOf(gpu.Name);
        if (named is null && !File.Exists(path)) return null;
        try
        {
            CudaTuning tuning = CudaTuning.Read(File.ReadAllBytes(path));
            if (tuning.Device == gpu.Name) return tuning;
            throw new UsageException($"'{path}' was measured on {tuning.Device}, this is {gpu.Name}: run lungseg tune");
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"the tuning file '{path}' cannot be read: {e.Message}; run lungseg tune, or delete the file");
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
