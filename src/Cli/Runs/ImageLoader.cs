using System.Diagnostics;
using LungSeg.Cli.Inputs;
using LungSeg.Imaging;
using LungSeg.Imaging.Dicom;
using LungSeg.IO;

namespace LungSeg.Cli.Runs;

/// <summary>An image's samples, and what a journal notes of its file.</summary>
internal sealed record ReadImage(Radiograph Image, string Sha256, long Bytes, DateTime Modified, TimeSpan Time)
{
    /// <summary>Whether it came through a pipe, which is read once.</summary>
    public bool IsPipe { get; init; }
}

/// <summary>Reads images: the first of a run while its network is still being loaded.</summary>
internal sealed class ImageLoader(DicomOptions dicom)
{
    private Ahead? _ahead;

    /// <summary>Begins to read an image that will be asked for; whether that failed is seen then.</summary>
    public void Begin(Input input) => _ahead = new Ahead(input, Task.Run(() => ReadFile(input)));

    /// <summary>Reads an image, or hands over the one that was begun; throws <see cref="ImageException"/> when it cannot be read.</summary>
    public ReadImage Read(Input input)
    {
        if (_ahead is not { } ahead || ahead.Input != input) return ReadFile(input);
        // A run may be long: its first image is not kept.
        _ahead = null;
        return ahead.Image.GetAwaiter().GetResult();
    }

    /// <summary>
    /// Refuses a file that is another one now than was read: results, and references to the image in them, would be of what is no longer there. What
    /// came through a pipe is asked no more.
    /// </summary>
    public static void CheckUnchanged(Input input, ReadImage read)
    {
        if (read.IsPipe) return;
        if (File.Exists(input.Path))
        {
            using FileStream stream = File.OpenRead(input.Path);
            if (stream.Length == read.Bytes && (File.GetLastWriteTimeUtc(input.Path) == read.Modified || Sha256.TextOf(stream) == read.Sha256)) return;
        }
        throw new UsageException($"'{input.Path}' was changed or removed while it was segmented: nothing was written of it; run it again");
    }

    private ReadImage ReadFile(Input input)
    {
        if (input.Fault is not null) throw new UsageException(input.Fault);
        long start = Stopwatch.GetTimestamp();
        DateTime modified = File.GetLastWriteTimeUtc(input.Path);
        bool isPipe = ImageFiles.IsEmpty(input.Path);
        byte[] file = ImageReader.ReadFile(input.Path);
        string sha256 = Sha256.TextOf(file);
        Radiograph image = ImageReader.Decode(file, input.Path, dicom);
        return new ReadImage(image, sha256, file.Length, modified, Stopwatch.GetElapsedTime(start)) { IsPipe = isPipe };
    }

    private sealed record Ahead(Input Input, Task<ReadImage> Image);
}
