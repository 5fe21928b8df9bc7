using LungSeg.Imaging.Codecs;
using LungSeg.Imaging.Codecs.Jpeg;
using LungSeg.Imaging.Codecs.Jpeg2000;
using LungSeg.Imaging.Dicom;
using LungSeg.IO;

namespace LungSeg.Imaging;

/// <summary>
/// Reads DICOM files and PNG, JPEG, JPEG 2000, BMP, TIFF and GIF images, told apart by their content and never by a file name's extension.
/// </summary>
public static class ImageReader
{
    /// <summary>The most bytes that an image file may have.</summary>
    public const long MaximumFileBytes = 1L << 30;

    private const int HeadBytes = 1 << 14;
    private const string StreamName = "(stream)";
    private static readonly IImageDecoder[] Images =
        [new PngDecoder(), new JpegImageDecoder(), new Jpeg2000ImageDecoder(), new BmpDecoder(), new TiffDecoder(), new GifDecoder()];
    private static readonly DicomOptions Defaults = new();

    /// <summary>Reads one complete image, turned upright where its EXIF orientation says so.</summary>
    /// <exception cref="ImageException">There is no readable, complete image of 32 x 32 pixels to 100 megapixels at the path.</exception>
    /// <exception cref="FileException">The path cannot be read.</exception>
    public static Radiograph Read(string path) => Read(path, Defaults);

    /// <summary>Reads one complete image as <see cref="Read(string)"/> does, a DICOM file by the options.</summary>
    /// <exception cref="ImageException">There is no readable, complete image of 32 x 32 pixels to 100 megapixels at the path.</exception>
    /// <exception cref="FileException">The path cannot be read.</exception>
    public static Radiograph Read(string path, DicomOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Decode(ReadFile(path), path, options);
    }

    /// <summary>The bytes of an image file, as they were at one time.</summary>
    /// <exception cref="FileException">The path cannot be read, or the file has more than <see cref="MaximumFileBytes"/>.</exception>
    internal static byte[] ReadFile(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return BoundedFile.Read(path, MaximumFileBytes, "image file");
    }

    /// <summary>Whether a file begins as one of the formats; see <see cref="Recognize"/>.</summary>
    public static bool Recognizes(string path) => Recognize(path).Format is not null;

    /// <summary>
    /// Tells a file by its first kilobytes alone: its format, null for what is none of those that are read or cannot be read; and, of a
    /// DICOM object that is no acquired image, what it is, such as "segmentation", "structured report" or "presentation state".
    /// </summary>
    internal static (string? Format, string? DicomObject) Recognize(string path)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);
            byte[] head = new byte[HeadBytes];
            int read = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
            Array.Resize(ref head, read);
            IImageDecoder? decoder = AllDecoders(Defaults).FirstOrDefault(decoder => decoder.Recognizes(head));
            return (decoder?.Format, decoder is DicomDecoder ? DicomFile.NoImage(head) : null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return (null, null);
        }
    }

    /// <summary>Decodes an image held in memory; <paramref name="name"/> stands in for the path in error messages.</summary>
    /// <exception cref="ImageException">The bytes are not a readable, complete image of 32 x 32 pixels to 100 megapixels.</exception>
    public static Radiograph Decode(byte[] file, string name) => Decode(file, name, Defaults);

    /// <summary>Decodes an image held in memory as <see cref="Decode(byte[], string)"/> does, a DICOM file by the options.</summary>
    /// <exception cref="ImageException">The bytes are not a readable, complete image of 32 x 32 pixels to 100 megapixels.</exception>
    public static Radiograph Decode(byte[] file, string name, DicomOptions options)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(options);
        if (file.Length == 0)
            throw new ImageException($"{name}: the file is empty");
        IImageDecoder[] decoders = AllDecoders(options);
        foreach (IImageDecoder decoder in decoders)
        {
            if (!decoder.Recognizes(file))
                continue;
            try
            {
                Radiograph image = decoder.Decode(file);
                image.Name = name;
                return image;
            }
            catch (ImageException e)
            {
                throw new ImageException($"{name}: {e.Message}", e.InnerException) { Decisions = e.Decisions, Remedy = e.Remedy };
            }
            catch (Exception e) when (NoMemory.Is(e))
            {
                throw new ImageException($"{name}: not enough memory to decode the {decoder.Format} file", e);
            }
        }
        string formats = string.Join(", ", decoders.Select(d => d.Format));
        throw new ImageException($"{name}: not an image ({formats} expected): the content is {FileKind.Describe(file)}");
    }

    /// <summary>
    /// Reads a complete image from a stream, from where it stands to its end, a DICOM file by the options. The stream stays open.
    /// </summary>
    /// <exception cref="ImageException">There is no readable, complete image of 32 x 32 pixels to 100 megapixels in the stream.</exception>
    public static Radiograph Read(Stream stream, DicomOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return Decode(BoundedFile.Read(stream, StreamName, MaximumFileBytes, "image file"), StreamName, options ?? Defaults);
    }

    /// <summary>
    /// As <see cref="Read(string, DicomOptions)"/>, holding no thread while the file is read; it is decoded on the thread that goes on.
    /// </summary>
    /// <exception cref="ImageException">There is no readable, complete image of 32 x 32 pixels to 100 megapixels at the path.</exception>
    public static async Task<Radiograph> ReadAsync(string path, DicomOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Decode(await BoundedFile.ReadAsync(path, MaximumFileBytes, "image file", cancellation).ConfigureAwait(false), path,
            options ?? Defaults);
    }

    /// <summary>As <see cref="Read(Stream, DicomOptions)"/>, holding no thread while the stream is read.</summary>
    /// <exception cref="ImageException">There is no readable, complete image of 32 x 32 pixels to 100 megapixels in the stream.</exception>
    public static async Task<Radiograph> ReadAsync(Stream stream, DicomOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return Decode(await BoundedFile.ReadAsync(stream, StreamName, MaximumFileBytes, "image file", cancellation).ConfigureAwait(false),
            StreamName, options ?? Defaults);
    }

    // DICOM first: its preamble may be the header of a TIFF file.
    private static IImageDecoder[] AllDecoders(DicomOptions options) => [new DicomDecoder(options), .. Images];
}
