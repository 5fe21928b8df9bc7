using LungSeg.Engine.Weights;
using LungSeg.Imaging;
using LungSeg.Imaging.Outputs;

namespace LungSeg.Cli.Comparison;

/// <summary>A mask or probability map as it is compared: values from 0 to 1, and whether there are only the two.</summary>
internal sealed record Comparable(int Width, int Height, float[] Values)
{
    private const string Output = "output";
    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".jp2", ".j2k", ".dcm", ".npy", ".safetensors"];

    public bool IsMask { get; } = Values.All(value => value is 0 or 1);

    public static bool CanRead(string path) => Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>Lung where the value is over the threshold.</summary>
    public LungMask Cut(float threshold) => LungMask.FromProbabilities(Values, Width, Height, threshold);

    /// <summary>Reads a picture, a DICOM segmentation, a NumPy array, or the tensor <c>output</c> (1 x 1 x H x W) of a safetensors file.</summary>
    public static Comparable Read(string path) => Path.GetExtension(path).ToUpperInvariant() switch
    {
        ".SAFETENSORS" => ReadTensor(path),
        ".NPY" => ReadArray(path),
        _ => ReadPicture(path),
    };

    private static Comparable ReadArray(string path)
    {
        ProbabilityMap map = NumPyFile.Read(path);
        return new Comparable(map.Width, map.Height, map.Values.ToArray());
    }

    private static Comparable ReadPicture(string path)
    {
        Radiograph picture = ImageReader.Read(path);
        float[] unit = picture.ToUnitFloat();
        if (picture.Channels == 1) return new Comparable(picture.Width, picture.Height, Ranged(unit));
        float[] grey = new float[picture.Width * picture.Height];
        for (int i = 0; i < grey.Length; i++)
        {
            (float red, float green, float blue) = (unit[3 * i], unit[(3 * i) + 1], unit[(3 * i) + 2]);
            if (red != green || green != blue) throw new UsageException($"'{path}' is a colour picture: a mask or probability map is grey");
            grey[i] = red;
        }
        return new Comparable(picture.Width, picture.Height, Ranged(grey));
    }

    // Masks of 0 and 1, as some programs write them, look black; a picture without anything brighter is such a mask.
    private static float[] Ranged(float[] values)
    {
        float largest = values.Max();
        return largest is > 0 and <= 1f / byte.MaxValue && values.All(value => value == 0 || value == largest)
            ? Array.ConvertAll(values, value => value > 0 ? 1f : 0f)
            : values;
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
