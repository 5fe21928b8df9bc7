using System.Text.Json;
using LungSeg.Cli.Evaluation;
using LungSeg.Cli.Inputs;
using LungSeg.Engine;
using LungSeg.Engine.Weights;
using LungSeg.Imaging;
using LungSeg.Models;
using LungSeg.Models.Calibration;
using Spectre.Console;

namespace LungSeg.Cli.Verification;

/// <summary>How the masks of a network in int8 agree with those in float32.</summary>
/// <param name="File">The dump; null for images.</param>
/// <param name="Network">The network's key.</param>
/// <param name="Weights">The int8 weights.</param>
/// <param name="Against">Where the masks in float32 come from.</param>
/// <param name="Device">Where it ran.</param>
/// <param name="Agreement">Image by image.</param>
internal sealed record AgreementResult(
    string? File, string Network, string Weights, string Against, string Device, MaskAgreement Agreement)
{
    public bool Holds => Agreement.Fault is null;
}

/// <summary>
/// Compares masks of a network in int8 with those in float32, image by image: of images, both computed here; of a dump's images with what
/// PyTorch recorded.
/// </summary>
internal static class AgreementVerification
{
    private const float Threshold = 0.5f;

    /// <summary>Images through quantised weights and those that they were made of.</summary>
    public static AgreementResult OfImages(IReadOnlyList<Input> images, NetworkSource source, Action<Exception> failed)
    {
        List<ImageAgreement> found = [];
        foreach (Input image in images)
        {
            try
            {
                PredictedMask masks = source.Predict(image.Path, ImageReader.Read(image.Path));
                found.Add(ImageAgreement.Of(image.Name, null, masks.InFloat!, masks.Mask));
            }
            catch (Exception e) when (CommandLine.IsInput(e))
            {
                failed(e);
            }
        }
        return new AgreementResult(
            null, source.Name, source.Weights, source.FloatWeights!, source.Device, new MaskAgreement(found));
    }

    /// <summary>The images of a dump through quantised weights, and the recorded output of the weights that they were made of.</summary>
    public static AgreementResult OfDump(string file, NetworkWeights weights, IBackend backend)
    {
        ReferenceFile reference = ReferenceFile.Read(file);
        Shape shape = reference.InputShape;
        weights.Network.CheckSize(shape);
        Graph graph = weights.Network.Load(weights.StateDict, shape.N, shape.H, shape.W);
        Parameter output = reference.Outputs[TapRun.Output];
        Tap tap = new TapRun(backend, graph, reference.Input.Read()).Run([]).First();
        if (output.Count != tap.Shape.Count)
        {
            throw new ShapeException($"'{file}': the output is {tap.Shape} here and [{string.Join(", ", output.Dims)}] in the file: the "
                + "weights or the input belong to another network");
        }
        float[] expected = output.Read();
        if (expected.Any(value => value is not (>= 0 and <= 1)))
            throw new CheckpointException($"'{file}': probabilities expected in the output, other numbers found: dump the model's sigmoid");
        return new AgreementResult(
            file, weights.Network.Key, Path.GetFileName(weights.File), "the recorded output", backend.Description,
            new MaskAgreement([.. Compare(tap.Shape, expected, tap.Values)]));
    }

    private static IEnumerable<ImageAgreement> Compare(Shape shape, float[] expected, float[] actual)
    {
        int pixels = shape.H * shape.W;
        for (int n = 0; n < shape.N; n++) yield return ImageAgreement.Of($"image {n + 1}", null, Mask(expected, n), Mask(actual, n));

        LungMask Mask(float[] values, int n) =>
            LungMask.FromProbabilities(values.AsSpan(n * pixels, pixels), shape.W, shape.H, Threshold);
    }
}

/// <summary>Agreements as a table for people and as JSON for programs.</summary>
internal static class AgreementTable
{
    public static void Write(TextWriter output, AgreementResult result)
    {
        string file = result.File is null ? "" : $"{result.File}: ";
        output.WriteLine($"{file}{result.Network} in int8 ({result.Weights}) on {result.Device}, against {result.Against}");
        Table table = Tables.Create("image", "agreement#");
        foreach (ImageAgreement image in result.Agreement.Images) Tables.Row(table, [image.Name, Units.Fixed(image.Agreement, 4)]);
        Tables.Write(output, table);
        output.WriteLine(result.Agreement.Fault is { } fault ? $"{result.Network}: {fault}"
            : $"{result.Network}: masks agree {Units.Fixed(result.Agreement.Mean, 4)} in the mean, "
                + $"{Units.Fixed(result.Agreement.Least, 4)} in the least");
        output.WriteLine();
    }

    public static void WriteJson(Utf8JsonWriter json, AgreementResult result)
    {
        json.WriteStartObject();
        if (result.File is { } file) json.WriteString("file", file);
        json.WriteString("network", result.Network);
        json.WriteString("weights", result.Weights);
        json.WriteString("against", result.Against);
        json.WriteString("device", result.Device);
        json.WriteBoolean("holds", result.Holds);
        json.WriteStartObject("agreement");
        json.WriteNumber("mean", result.Agreement.Mean);
        json.WriteNumber("least", result.Agreement.Least);
        json.WriteEndObject();
        json.WriteStartArray("images");
        foreach (ImageAgreement image in result.Agreement.Images)
        {
            json.WriteStartObject();
            json.WriteString("name", image.Name);
            json.WriteNumber("agreement", image.Agreement);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
