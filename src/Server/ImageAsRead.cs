using LungSeg.Cli;
using LungSeg.Imaging;
using LungSeg.Imaging.Outputs;
using LungSeg.Server.Rules;

namespace LungSeg.Server;

/// <summary>The image as it was read, 8 bits, for a page that cannot read what was sent; and the probabilities as a byte each.</summary>
internal sealed class ImageAsRead : IResultWriter
{
    private static readonly IResultWriter[] Own = [new ImageAsRead(), new ProbabilityBytes()];

    public string Name => "image";

    public string Extension => ".image.png";

    public string Description => "the image as it was read, PNG of 8 bits";

    /// <summary>The formats that a caller may ask for over HTTP: those of the program, and <c>image</c> and <c>map</c>.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. ResultFormats.All.Select(writer => writer.Name), .. Own.Select(writer => writer.Name)];

    /// <summary>Writers by their names.</summary>
    /// <exception cref="UsageException">A name is unknown, or they do not go together.</exception>
    public static IReadOnlyList<IResultWriter> Parse(IReadOnlyList<string> formats, ResultOptions options)
    {
        if (formats.FirstOrDefault(format => !Names.Contains(format)) is { } unknown)
            throw new UsageException($"unknown format '{unknown}': expected one or more of {string.Join(",", Names)}");
        return
        [
            .. RuleSet.Writers([.. formats.Where(format => !Own.Any(writer => writer.Name == format))], options, "formats"),
            .. Own.Where(writer => formats.Contains(writer.Name)),
        ];
    }

    public void Write(Stream stream, LungSegmentation result) =>
        stream.Write(ImageWriter.EncodePng(result.Image.Width, result.Image.Height, 1, result.Image.ToGrey8()));

    private sealed class ProbabilityBytes : IResultWriter
    {
        public string Name => "map";

        public string Extension => ".map.png";

        public string Description => "the probability of lung, PNG of 8 bits, 255 for 1";

        public void Write(Stream stream, LungSegmentation result)
        {
            ProbabilityMap map = result.Probabilities;
            byte[] bytes = new byte[map.Width * map.Height];
            ReadOnlySpan<float> values = map.Values;
            for (int i = 0; i < bytes.Length; i++) bytes[i] = (byte)MathF.Round(values[i] * 255);
            stream.Write(ImageWriter.EncodePng(map.Width, map.Height, 1, bytes));
        }
    }
}
