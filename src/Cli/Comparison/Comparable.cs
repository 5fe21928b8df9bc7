using LungSeg.Cli.Inputs;
using LungSeg.Engine.Weights;
using LungSeg.Imaging;
using LungSeg.Imaging.Masks;
using LungSeg.Imaging.Outputs;

namespace LungSeg.Cli.Comparison;

/// <summary>A mask or probability map as it is compared: values from 0 to 1, and whether there are only the two.</summary>
internal sealed record Comparable(int Width, int Height, float[] Values)
{
    /// <summary>How the names of probability maps end, without extension.</summary>
    public const string MapEnding = ".probabilities";

    private const string Output = "output";
    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif", ".jp2", ".j2k", ".dcm", ".npy", ".safetensors"];

    public bool IsMask { get; } = Values.All(value => value is 0 or 1);

    public static bool CanRead(string path) => Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>Lung where the value is over the threshold.</summary>
    public LungMask Cut(float threshold) => LungMask.FromProbabilities(Values, Width, Height, threshold);

    /// <summary>Reads an image, a DICOM segmentation, a NumPy array, or the tensor <c>output</c> (1 x 1 x H x W) of a safetensors file.</summary>
    /// <remarks>An image of several labels is refused, or, with <paramref name="union"/>, lung is all that is not background.</remarks>
    public static Comparable Read(string path, bool union) => Path.GetExtension(path).ToUpperInvariant() switch
    {
        ".SAFETENSORS" => ReadTensor(path),
        ".NPY" => ReadArray(path),
        _ => ReadImage(path, union),
    };

    private static Comparable ReadArray(string path)
    {
        ProbabilityMap map = NumPyFile.Read(path);
        return new Comparable(map.Width, map.Height, map.Values.ToArray());
    }

    private static Comparable ReadImage(string path, bool union)
    {
        Radiograph image = ImageReader.Read(path);
        // What is named as a map is one, however few values it has.
        if (image.Channels == 1 && OutputNames.Short(Path.GetFileName(path)).EndsWith(MapEnding, StringComparison.OrdinalIgnoreCase)) return new Comparable(image.Width, image.Height, image.ToUnitFloat());
        var mask = MaskImage.Of(image);
        if (mask.Labels.Count > 0 && !union)
        {
            throw new UsageException($"'{path}' holds {mask.Labels.Count} labels ({string.Join(", ", mask.Labels)}) where a mask has two: "
                + "if all but 0 are lung, add --labels union, else make a mask of the lungs alone");
        }
        return new Comparable(mask.Width, mask.Height, mask.Values);
    }

    private static Comparable ReadTensor(string path)
    {
        if (!Safetensors.Read(path).TryGet(Output, out Parameter? output))
            throw new CheckpointException($"'{path}' has no tensor '{Output}' to compare");
        return output.Dims is [1, 1, > 0 and int height, > 0 and int width]
            ? new Comparable(width, height, output.Read())
            : throw new CheckpointException($"'{path}': an output of 1 x 1 x H x W expected, [{string.Join(", ", output.Dims)}] found");
    }
}
