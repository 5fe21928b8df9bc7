using System.Globalization;
using LungSeg.CudaStub;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Weights;
using LungSeg.Imaging;
using LungSeg.Models.Inputs;

namespace LungSeg.Models.Tests;

/// <summary>
/// Whole networks and images on the CUDA backend, the kernels that ship run by the PTX interpreter. Two networks stand for all nine here;
/// docs/parity.md has what all of them came to.
/// </summary>
public sealed class EmulatedGpuTests
{
    private const int Side = 64;

    /// <summary>Every network in every precision: each GPU generation has kernels of its own.</summary>
    public static IEnumerable<TheoryDataRow<string, Precision, int>> Networks =>
        from network in Architectures.All
        from gpu in ((Precision Precision, int ComputeCapability)[])[(Precision.Float32, 60), (Precision.TensorFloat32, 80),
            (Precision.Float16, 80), (Precision.Float16, 90)]
        select new TheoryDataRow<string, Precision, int>(network.Key, gpu.Precision, gpu.ComputeCapability)
            .WithTrait("network", network.Key);

    [Theory]
    [InlineData("pan", Precision.TensorFloat32, 80)]
    [InlineData("pan", Precision.Float16, 90)]
    public void Networks_give_what_PyTorch_gives(string network, Precision precision, int computeCapability) =>
        Compare(network, precision, computeCapability);

    // Minutes in the interpreter: by hand, -explicit only -preEnumerateTheories -diagnostics -trait network=unet.
    [Theory(Explicit = true), MemberData(nameof(Networks))]
    public void All_networks_give_what_PyTorch_gives(string network, Precision precision, int computeCapability) =>
        Compare(network, precision, computeCapability);

    public static TheoryData<int, int, int, int, SegmentationMode> Images => new()
    {
        { 97, 141, 1, 8, SegmentationMode.Native },
        { 200, 60, 3, 8, SegmentationMode.Study },
        { 2 * Side, 2 * Side, 3, 8, SegmentationMode.Native },
        { Side, Side, 1, 8, SegmentationMode.Native },
        { 130, 77, 1, 16, SegmentationMode.Native },
        { 41, 90, 3, 16, SegmentationMode.Native },
        { 90, 41, 1, 16, SegmentationMode.Study },
        { Side, Side, 1, 16, SegmentationMode.Native },
    };

    [Theory, MemberData(nameof(Images))]
    public void Images_are_prepared_and_masks_cut_bit_for_bit_as_on_the_CPU(int width, int height, int channels, int bits,
        SegmentationMode mode)
    {
        var random = new Random(width + bits);
        var samples = new ushort[width * height * channels];
        for (int i = 0; i < samples.Length; i++) samples[i] = (ushort)random.Next(1 << bits);
        var image = new Radiograph(width, height, channels, bits, samples);
        var preprocess = new Preprocess(Architectures.Get("pan"), mode, Side);
        var postprocess = new Postprocess(mode, 0.45f);

        // A convolution with weights of one lets the input out as it came in.
        var weights = new StateDict([new Parameter("copy.weight", [3, 1, 1, 1], () => [1, 1, 1]),
            new Parameter("head.weight", [1, 3, 3, 3], () => Noise("head", 27)), new Parameter("head.bias", [1], () => [0.1f])]);
        var scope = new WeightScope(new StrictWeights(weights));
        Graph graph = Graph.Record(new Shape(1, 3, Side, Side), x =>
        {
            Tensor copy = new Engine.Nn.Conv2d(scope["copy"], 3, 3, 1, groups: 3, bias: false).Forward(x);
            return new Engine.Nn.Conv2d(scope["head"], 3, 1, 3, padding: 1).Forward(copy).Sigmoid();
        });
        using CudaBackend gpu = EmulatedGpu.Open();
        using Model model = gpu.Load(graph, new LoadOptions { Taps = ["copy"] });
        using Plan plan = model.Plan(1, Side, Side);
        float[] computed = new float[Side * Side];
        IInputPreparation preparation = InputPreparation.For(gpu, preprocess, postprocess);
        LungMask mask = new(1, 1, [0]);
        for (int run = 0; run < 2; run++)
        {
            IPreparedImage prepared = preparation.Prepare(image);
            prepared.Run(plan, computed, CancellationToken.None);
            (_, mask) = prepared.Cut(new ProbabilityMap(Side, Side, computed));
        }

        ProbabilityMap probabilities = postprocess.AtCut(new ProbabilityMap(Side, Side, computed), image);
        Assert.Equal(probabilities.Threshold(0.45f).Pixels.ToArray(), mask.Pixels.ToArray());
        Assert.InRange(mask.Area, 1, mask.Pixels.Length - 1);
        Assert.Equal(preprocess.Apply(image), plan.Outputs[1].ToArray());
    }

    [Fact]
    public void A_segmenter_gives_the_same_lungs_as_on_the_CPU()
    {
        Radiograph large = ImageReader.Read(TestData.InRepository("samples", "radiograph.png"));
        byte[] grey = OpenCvResize.Linear(large.ToGrey8(), large.Width, large.Height, 1, 200, 220);
        var sample = new Radiograph(200, 220, 1, 8, Array.ConvertAll(grey, value => (ushort)value));
        using CudaBackend gpu = EmulatedGpu.Open(workers: 2);
        using LungSegmenter here = LungSegmenter.Load(new LungSegmenterOptions { NetworkSize = 128 });
        using LungSegmenter there = LungSegmenter.Load(new LungSegmenterOptions { NetworkSize = 128, Backend = gpu });
        LungSegmentation expected = here.Segment(sample), actual = there.Segment(sample);
        Assert.Contains("Emulated GPU", there.Device);
        int different = expected.Mask.Pixels.ToArray().Zip(actual.Mask.Pixels.ToArray()).Count(pair => pair.First != pair.Second);
        Assert.InRange(different, 0, 2);
        Assert.InRange(expected.Mask.Area, 1, int.MaxValue);
        Assert.Equal(actual.Probabilities.Values.Length, expected.Probabilities.Values.Length);
    }

    private static void Compare(string network, Precision precision, int computeCapability)
    {
        GoldenFile golden = GoldenFile.Read(TestData.PathOf("golden", $"{network}.safetensors"));
        GoldenCase small = golden.Case("small");
        using CudaBackend gpu = EmulatedGpu.Open(precision, computeCapability, workers: 2, isolated: false);
        using Model model = gpu.Load(Architectures.Get(network).Record(golden.Weights));
        using Plan plan = model.Plan(small.N, small.H, small.W);
        plan.Input.CopyFrom(golden.Input(small));
        plan.Execute();
        GoldenDifference difference = golden.Compare(small, "output", plan.Output.ToArray());
        TestContext.Current.SendDiagnosticMessage(string.Create(CultureInfo.InvariantCulture,
            $"{network} {precision.Name()} on {computeCapability}: max {difference.Max:e1}, mean {difference.Mean:e1}; "
                + $"{string.Join(' ', gpu.UsedKernels.Order(StringComparer.Ordinal))}"));
        (double max, double mean) = (precision, network) switch
        {
            (Precision.Float32, _) => (1e-4, 1e-4),
            (_, "unet" or "linknet") => (1e-1, 1e-2),
            _ => (2e-2, 2e-3),
        };
        Assert.True(difference.Max <= max && difference.Mean <= mean,
            $"{network} in {precision.Name()}: off by {difference.Max:e2}, {difference.Mean:e2} in the mean");
    }

    private static float[] Noise(string key, int count)
    {
        var values = new float[count];
        SyntheticWeights.Fill(key, values);
        return values;
    }
}
