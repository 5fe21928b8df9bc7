using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Weights;
using LungSeg.Imaging;
using LungSeg.Models;
using LungSeg.Models.Inputs;

namespace LungSeg.Cli.SelfTest;

/// <summary>
/// Images that a device prepares and masks that it cuts, compared with the same steps here: not one bit may differ. The network between
/// them is a copy of the input, and one convolution of it.
/// </summary>
internal static class ImageCheck
{
    public const string Name = "images and masks";

    private const int Side = 96;
    private const float Threshold = 0.45f;

    private static readonly (int Width, int Height, int Channels, int Bits, SegmentationMode Mode)[] Cases =
    [
        (301, 217, 1, 8, SegmentationMode.Native), (97, 410, 3, 8, SegmentationMode.Study), (2 * Side, 2 * Side, 3, 8, SegmentationMode.Native), (Side, Side, 1, 8, SegmentationMode.Native),
        (301, 217, 1, 16, SegmentationMode.Native), (50, 61, 3, 16, SegmentationMode.Native), (301, 217, 1, 16, SegmentationMode.Study), (Side, Side, 1, 16, SegmentationMode.Native),
    ];

    /// <summary>Runs the cases; null where the backend leaves images to the host.</summary>
    public static OperationResult? Run(IBackend backend)
    {
        Graph graph = Network();
        try
        {
            using Model model = backend.Load(graph, new LoadOptions { Taps = ["copy"] });
            using Plan plan = model.Plan(1, Side, Side);
            if (InputPreparation.For(backend, new Preprocess(Architectures.All[0], SegmentationMode.Native, Side), new Postprocess(SegmentationMode.Native, Threshold)) is HostPreparation) return null;
            string?[] faults = [.. Cases.Select((_, i) => FaultOf(backend, plan, i))];
            string? fault = faults.FirstOrDefault(found => found is not null);
            return new OperationResult(Name, Cases.Length, fault is null ? 0 : double.PositiveInfinity, fault);
        }
        catch (DeviceException e)
        {
            return new OperationResult(Name, Cases.Length, double.PositiveInfinity, e.Message, Broken: true);
        }
    }

    private static Graph Network()
    {
        var weights = new WeightScope(new StrictWeights(new StateDict(
        [
            new Parameter("copy.weight", [3, 1, 1, 1], () => [1, 1, 1]),
            new Parameter("head.weight", [1, 3, 3, 3], () => [.. Enumerable.Range(0, 27).Select(i => SyntheticWeights.Signed("selftest", i))]),
            new Parameter("head.bias", [1], () => [0.1f]),
        ])));
        return Graph.Record(new Shape(1, 3, Side, Side), x => new Conv2d(weights["head"], 3, 1, 3, padding: 1)
            .Forward(new Conv2d(weights["copy"], 3, 3, 1, groups: 3, bias: false).Forward(x)).Sigmoid());
    }

    private static string? FaultOf(IBackend backend, Plan plan, int index)
    {
        (int width, int height, int channels, int bits, SegmentationMode mode) = Cases[index];
        var random = new Random(index);
        var image = new Radiograph(width, height, channels, bits, [.. Enumerable.Range(0, width * height * channels).Select(_ => (ushort)random.Next(1 << bits))]);
        var preprocess = new Preprocess(Architectures.All[0], mode, Side);
        var postprocess = new Postprocess(mode, Threshold);
        var output = new float[Side * Side];
        IPreparedImage prepared = InputPreparation.For(backend, preprocess, postprocess).Prepare(image);
        prepared.Run(plan, output, CancellationToken.None);
        string name = $"{width} x {height} x {channels} of {bits} bits, {mode}";
        LungMask mask;
        try
        {
            (_, mask) = prepared.Cut(new ProbabilityMap(Side, Side, output));
        }
        catch (DeviceException e)
        {
            return $"{name}: {e.Message}";
        }
        // Halves round what the image became; the copy is then of the rounded one.
        float[] input = Array.ConvertAll(preprocess.Apply(image), value => backend.Precision == Precision.Float16 ? (float)(Half)value : value);
        if (!plan.Outputs[1].ToArray().AsSpan().SequenceEqual(input)) return $"{name}: the network's input differs from the host's";
        ProbabilityMap probabilities = postprocess.AtCut(new ProbabilityMap(Side, Side, output), image);
        return probabilities.Threshold(Threshold).Pixels.SequenceEqual(mask.Pixels) ? null : $"{name}: the mask differs from the host's";
    }
}
