using LungSeg.Imaging.Codecs;

namespace LungSeg.Imaging;

/// <summary>Reads PNG, JPEG, BMP and TIFF pictures, told apart by their content and never by a file name's extension.</summary>
public static class ImageReader
{
    private const long MaximumFileBytes = 1L << 30;
    private static readonly IImageDecoder[] Decoders = [new PngDecoder(), new JpegPictureDecoder(), new BmpDecoder(), new TiffDecoder()];

    /// <summary>Reads one complete picture, turned upright where its EXIF orientation says so.</summary>
    /// <exception cref="ImageException">There is no readable, complete picture of 32 x 32 pixels to 100 megapixels at the path.</exception>
    public static Radiograph Read(string path) => Decode(ReadFile(path), path);

    /// <summary>Decodes a picture held in memory; <paramref name="name"/> stands in for the path in error messages.</summary>
    /// <exception cref="ImageException">The bytes are not a readable, complete picture of 32 x 32 pixels to 100 megapixels.</exception>
    public static Radiograph Decode(byte[] file, string name)
    {
        if (file.Length == 0)
            throw new ImageException($"{name}: the file is empty");
        foreach (IImageDecoder decoder in Decoders)
        {
            if (!decoder.Recognizes(file))
                continue;
            try
            {
                return decoder.Decode(file);
            }
            catch (ImageException e)
            {
                throw new ImageException($"{name}: {e.Message}", e.InnerException);
            }
            catch (OutOfMemoryException e)
            {
                throw new ImageException($"{name}: not enough memory to decode the {decoder.Format} file", e);
            }
        }
        string formats = string.Join(", ", Decoders.Select(d => d.Format));
        throw new ImageException($"{name}: not a picture ({formats} expected): the content is {FileKind.Describe(file)}");
    }

    private static byte[] ReadFile(string path)
    {
        try
        {
            if (Directory.Exists(path))
                throw new ImageException($"{path}: is a directory, a picture file was expected");
            FileInfo info = new(path);
            if (!info.Exists)
                throw new ImageException($"{path}: no such file");
            if (info.Length > MaximumFileBytes)
                throw new ImageException($"{path}: {info.Length >> 20} MiB is over the limit of {MaximumFileBytes >> 20} MiB for a picture file");
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new ImageException($"{path}: cannot be read: {e.Message}", e);
        }
    }
}
