using System.Text;
using System.Text.Json;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Passes;
using LungSeg.Engine.Weights;
using LungSeg.Imaging;
using LungSeg.Imaging.Evaluation;
using LungSeg.IO;

namespace LungSeg.Models.Calibration;

/// <summary>A network that was quantised, ready to be written.</summary>
/// <param name="Source">The weights that it was made of.</param>
/// <param name="Weights">The folded graph with integer weights.</param>
/// <param name="Table">How values are stored, and the layers left in float32.</param>
/// <param name="Calibration">The images that it was calibrated with.</param>
/// <param name="HeldOut">Those that it was measured with.</param>
/// <param name="Agreement">How its masks agree with those in float32.</param>
/// <param name="EqualisedPairs">Pairs of layers whose channels were equalised.</param>
/// <param name="Convolutions">Convolutions in integers.</param>
internal sealed record QuantizedNetwork(
    NetworkWeights Source, Graph Weights, QuantizationTable Table, IReadOnlyList<CalibrationImage> Calibration,
    IReadOnlyList<CalibrationImage> HeldOut, MaskAgreement Agreement, int EqualisedPairs, int Convolutions)
{
    /// <summary>Writes the weights file with all of it in the metadata; the same network gives the same bytes.</summary>
    /// <exception cref="FileException">The path cannot be written.</exception>
    public void Write(string path)
    {
        (string name, string sha256) = WeightsHash.OfCheckpoint(Source.File, Source.StateDict);
        SortedDictionary<string, string> metadata =
            CheckpointConversion.Metadata(Source.Network, DType.Int8, name, sha256, WeightsHash.StudyFile(sha256));
        metadata[QuantizationTable.MetadataKey] = Json();
        AtomicFile.Write(path, stream =>
            SafetensorsWriter.Write(stream, [.. Weights.Parameters], metadata, DType.Float32, keepBytes: true));
    }

    private string Json()
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            Table.WriteTo(json);
            Write("images", Calibration);
            Write("held_out", HeldOut);
            json.WriteNumber("equalised", EqualisedPairs);
            json.WriteStartObject("agreement");
            json.WriteNumber("mean", Rounded(Agreement.Mean));
            json.WriteNumber("least", Rounded(Agreement.Least));
            if (Agreement.Dice is { } dice)
            {
                json.WriteNumber("dice_fp32", Rounded(dice.Float));
                json.WriteNumber("dice_int8", Rounded(dice.Int8));
                json.WriteNumber("largest_change", Rounded(Agreement.LargestChange));
            }
            json.WriteEndObject();
            json.WriteEndObject();

            void Write(string name, IReadOnlyList<CalibrationImage> images)
            {
                json.WriteStartArray(name);
                foreach (CalibrationImage image in images) json.WriteStringValue(image.Sha256);
                json.WriteEndArray();
            }
        }
        return Encoding.UTF8.GetString(bytes.ToArray());

        static double Rounded(double value) => Math.Round(value, 6);
    }
}

/// <summary>
/// Quantises a network after training, from images without labels: calibrates it, measures what each layer does to the mask, and leaves
/// the few layers in float32 that gain most by it.
/// </summary>
internal sealed class NetworkQuantizer
{
    // Layers are ranked on so many of the calibration images, in groups that are halved where they matter; so many of the most harmful are
    // tried in float32 on more images, until as many in a row gain less than it takes.
    private const int RankingProbes = 2, Probes = 4, Groups = 8, Candidates = 12, Failures = 3;
    private const double MinShare = 0.04, MinGain = 0.0002, Goal = 0.998;

    private readonly Architecture _network;
    private readonly CpuBackend _backend;
    private readonly Preprocess _preprocess;
    private readonly Postprocess _postprocess;
    private readonly Action<string> _tell;
    private readonly CancellationToken _cancellation;

    private NetworkQuantizer(Architecture network, CpuBackend backend, Action<string> tell, CancellationToken cancellation)
    {
        (_network, _backend, _tell, _cancellation) = (network, backend, tell, cancellation);
        _preprocess = new Preprocess(network, SegmentationMode.Native, network.InputSize);
        _postprocess = new Postprocess(SegmentationMode.Native, threshold: 0.5f, network.FindsLungs);
    }

    /// <summary>Quantises a network.</summary>
    /// <param name="weights">The network and its weights in floating point.</param>
    /// <param name="images">Images to calibrate with.</param>
    /// <param name="heldOut">Others, to measure with.</param>
    /// <param name="backend">Where it runs.</param>
    /// <param name="tell">Called with each step, for people.</param>
    /// <param name="cancellation">Looked at between images.</param>
    public static QuantizedNetwork Run(
        NetworkWeights weights, IReadOnlyList<CalibrationImage> images, IReadOnlyList<CalibrationImage> heldOut, CpuBackend backend,
        Action<string> tell, CancellationToken cancellation = default)
    {
        Architecture network = weights.Network.WithProbabilities();
        if (network.Options.Classes != 1)
            throw new WeightException($"{network.Name} has {network.Options.Classes} classes: networks of one class are quantised");
        return new NetworkQuantizer(network, backend, tell, cancellation).Run(weights, images, heldOut);
    }

    private QuantizedNetwork Run(
        NetworkWeights weights, IReadOnlyList<CalibrationImage> images, IReadOnlyList<CalibrationImage> heldOut)
    {
        Graph folded = StandardPasses.Fold(_network.Load(weights.StateDict), new LoadOptions());
        float[][] inputs = [.. images.Select(Input)];
        _tell($"calibrating with {images.Count} images");
        var calibrator = new Calibrator(folded, inputs, _backend, _cancellation);
        QuantizationTable table = calibrator.Table(Harmful(calibrator, [.. Spread(inputs, Probes)]));
        _tell($"measuring with {heldOut.Count} images");
        float[][] measured = [.. heldOut.Select(Input)];
        MaskAgreement agreement = MaskAgreement.Of(
            heldOut, Masks(heldOut, RunInFloat(calibrator.Graph, measured)), Masks(heldOut, RunInIntegers(calibrator, table, measured)));
        int convolutions = calibrator.Convolutions.Count(name => !table.Float.ContainsKey(name));
        return new QuantizedNetwork(
            weights, calibrator.Weights(table), table, images, heldOut, agreement, calibrator.EqualisedPairs, convolutions);
    }

    // Ranks layers by what they do to the probabilities; then tries those in float32 that change them most.
    private Dictionary<string, string> Harmful(Calibrator calibrator, float[][] inputs)
    {
        string[] ranked = [.. Ranked(calibrator, [.. Spread(inputs, RankingProbes)]).Take(Candidates)];
        float[][] exact = RunInFloat(calibrator.Graph, inputs);
        Dictionary<string, string> left = [];
        double reached = Agreement(RunInIntegers(calibrator, calibrator.Table(left), inputs), exact);
        int failures = 0;
        foreach (string layer in ranked)
        {
            if (reached >= Goal || failures == Failures) break;
            Dictionary<string, string> tried = new(left) { [layer] = "" };
            double gained = Agreement(RunInIntegers(calibrator, calibrator.Table(tried), inputs), exact);
            if (gained - reached < MinGain)
            {
                failures++;
                continue;
            }
            left[layer] = FormattableString.Invariant(
                $"in int8 the masks of {inputs.Length} calibration images agree {reached:F4}, so {gained:F4}");
            _tell($"{layer} stays in fp32: {left[layer]}");
            (reached, failures) = (gained, 0);
        }
        return left;
    }

    // A group of layers alone in integers, all others in float32: its error is about the sum of its layers' own. The worst group is halved
    // until it is one layer. What is left in the end does little.
    private IEnumerable<string> Ranked(Calibrator calibrator, float[][] inputs)
    {
        string[] layers = [.. calibrator.Convolutions];
        _tell($"measuring {layers.Length} layers in int8");
        float[][] exact = RunInFloat(calibrator.Graph, inputs);
        double all = Error(layers);
        var groups = new PriorityQueue<(string[] Layers, double Error), double>();
        foreach (string[] group in layers.Chunk((layers.Length + Groups - 1) / Groups)) Add(group);
        while (groups.TryDequeue(out (string[] Layers, double Error) worst, out _) && worst.Error > MinShare * all)
        {
            if (worst.Layers is [string layer])
            {
                yield return layer;
                continue;
            }
            Add(worst.Layers[..(worst.Layers.Length / 2)]);
            Add(worst.Layers[(worst.Layers.Length / 2)..]);
        }

        void Add(string[] group)
        {
            double error = Error(group);
            groups.Enqueue((group, error), -error);
        }

        double Error(string[] group) => SquaredError(RunInIntegers(calibrator, calibrator.Table(
            layers.Except(group).ToDictionary(other => other, _ => "")), inputs), exact);
    }

    private float[][] RunInFloat(Graph graph, float[][] inputs) => Run(graph, inputs);

    private float[][] RunInIntegers(Calibrator calibrator, QuantizationTable table, float[][] inputs) =>
        Run(calibrator.Weights(table).WithQuantization(new NetworkQuantization(table)), inputs);

    private float[][] Run(Graph graph, float[][] inputs)
    {
        using Model model = _backend.Load(graph);
        using Plan plan = model.Plan(1, _network.InputSize, _network.InputSize);
        return [.. inputs.Select(input =>
        {
            var output = new float[plan.Output.Shape.Count];
            plan.Execute(input, output, _cancellation);
            return output;
        })];
    }

    private float[] Input(CalibrationImage image) =>
        _preprocess.Apply(ContrastStretch.Of(image.Image)?.Apply(image.Image) ?? image.Image);

    private LungMask[] Masks(IReadOnlyList<CalibrationImage> images, float[][] outputs) => [.. images.Select((image, i) =>
    {
        int side = _network.InputSize;
        ProbabilityMap map = _postprocess.AtCut(new ProbabilityMap(side, side, outputs[i]), image.Image);
        return _postprocess.Clean(map.Threshold(_postprocess.Threshold));
    })];

    private double Agreement(float[][] outputs, float[][] exact)
    {
        int side = _network.InputSize;
        return outputs.Zip(exact, (a, b) => MaskOverlap.Of(
            LungMask.FromProbabilities(b, side, side, _postprocess.Threshold),
            LungMask.FromProbabilities(a, side, side, _postprocess.Threshold)).Dice).Average();
    }

    private static double SquaredError(float[][] outputs, float[][] exact)
    {
        double sum = 0;
        for (int i = 0; i < outputs.Length; i++)
            for (int j = 0; j < outputs[i].Length; j++) sum += ((double)outputs[i][j] - exact[i][j]) * (outputs[i][j] - exact[i][j]);
        return sum;
    }

    // Some of the items, evenly spread.
    private static IEnumerable<float[]> Spread(float[][] items, int count) =>
        Enumerable.Range(0, Math.Min(count, items.Length)).Select(i => items[i * items.Length / Math.Min(count, items.Length)]);
}
