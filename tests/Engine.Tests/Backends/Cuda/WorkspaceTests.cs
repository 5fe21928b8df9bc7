using LungSeg.CudaStub;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Cuda.Driver;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;
using LungSeg.PtxInterpreter;

namespace LungSeg.Engine.Tests.Backends.Cuda;

/// <summary>
/// Each workspace has room for what its kernels write there, at sizes where many blocks write: the host's own sizes and launches.
/// </summary>
public sealed class WorkspaceTests
{
    // From 31 x 33 on there are more tiles of scores than pixels. In one arena too small a workspace gives wrong numbers; isolated the
    // access is named.
    [Theory]
    [InlineData(31, 33, 2, true)]
    [InlineData(31, 33, 1, false)]
    [InlineData(33, 33, 2, true)]
    [InlineData(33, 33, 2, false)]
    [InlineData(48, 48, 1, true)]
    public void Position_attention_of_large_maps_matches_the_reference(int height, int width, int images, bool isolated) =>
        Check("position attention", new Shape(images, 1, height, width), Precision.Float32, isolated,
            (_, x) => x.Apply(new PositionAttentionOp(), x, x));

    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.Float16)]
    public void Group_norms_of_many_parts_match_the_reference(Precision precision)
    {
        Check("group norm", new Shape(2, 24, 130, 131), precision, isolated: true,
            (layers, x) => layers.GroupNorm(layers.Conv2d(x, "conv", 24, 1), "norm", 3));
        Check("group norm of one channel", new Shape(3, 1, 70, 71), precision, isolated: true,
            (layers, x) => layers.GroupNorm(x, "norm", 1));
    }

    [Theory]
    [InlineData(Precision.Float32, 1)]
    [InlineData(Precision.Float32, 6)]
    [InlineData(Precision.Float16, 2)]
    public void Poolings_of_many_parts_match_the_reference(Precision precision, int bins)
    {
        Check("pooling", new Shape(2, 72, 65, 70), precision, isolated: true, (_, x) => x.AdaptiveAvgPool2d(bins));
        Check("pooling of one channel", new Shape(3, 1, 65, 70), precision, isolated: true, (_, x) => x.AdaptiveAvgPool2d(bins));
    }

    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.Float16)]
    public void Squeeze_and_excite_of_many_parts_matches_the_reference(Precision precision) =>
        Check("squeeze and excite", new Shape(2, 20, 60, 60), precision, isolated: true, (layers, x) =>
        {
            Tensor gate = layers.Conv2d(layers.Conv2d(x.AdaptiveAvgPool2d(1), "reduce", 5, 1).SiLU(), "expand", 20, 1).Sigmoid();
            return x.Mul(gate);
        });

    [Theory]
    [InlineData(Precision.Float32, 60, 129)]
    [InlineData(Precision.TensorFloat32, 80, 129)]
    [InlineData(Precision.Float16, 90, 520)]
    public void Convolutions_whose_reduction_is_split_match_the_reference(Precision precision, int computeCapability, int channels)
    {
        OpCase test = Case("deep convolution", new Shape(2, channels, 7, 9), (layers, x) => layers.Conv2d(x, "conv", 37, 3, padding: 1));
        using CudaBackend gpu = EmulatedGpu.Open(precision, computeCapability);
        BackendCheck.Matches(gpu, test, Arithmetic.Of(precision));
        Assert.Contains(gpu.UsedKernels, kernel => kernel.StartsWith("conv_reduce", StringComparison.Ordinal));
    }

    [Fact]
    public void An_access_beyond_a_workspace_is_named_and_not_what_lies_behind_it()
    {
        StubDriver driver = EmulatedGpu.Driver(new StubDevice());
        using var context = new CudaContext(driver, CudaDevice.List(driver)[0], isolatesMemory: true);
        AttentionParameters p = new() { Top = Map(1056), Output = Map(1056), ScoreStride = AttentionParameters.StrideOf(1056), Batch = 1 };
        using var slices = new DeviceSlices(
            context, DeviceSlice.InOrder(1056 * sizeof(float), p.ScoreFloats * sizeof(float), p.Pixels * sizeof(float),
                p.SumFloats * sizeof(float)), "test");
        p.Top.Address = p.Center.Address = (long)slices[0];
        (p.Scores, p.Greatest, p.Sums) = ((long)slices[1], (long)slices[2], (long)slices[3]);
        using var set = new KernelSet(context, KernelLibrary.Kernels);
        using var stream = new CudaStream(context);
        slices.Clear(stream);
        KernelInfo kernel = KernelLibrary.Find("attention_scores_f32_single");
        Tensor node = Tensor.Create(new InputOp(new Shape(1, 1, 32, 33)), [], "x");
        Launch.Of(node, kernel, set, p.ScoresGrid, p).Put(stream);
        Assert.Contains("belongs to no allocation", Assert.Throws<PtxFaultException>(() => stream.Synchronize()).Message);

        static DeviceMap Map(int pixels) => new() { Height = 32, Width = pixels / 32, Channels = 1, PixelStride = 1 };
    }

    [Fact]
    public void Isolated_memory_is_of_just_its_size_and_given_back_at_once()
    {
        var driver = new StubDriver();
        using var context = new CudaContext(driver, CudaDevice.List(driver)[0], isolatesMemory: true);
        using (var slices = new DeviceSlices(context, DeviceSlice.InOrder(100, 3, 5_000_000), "test"))
        {
            Assert.Equal(5_000_103, driver.Memory.Used);
            Assert.Equal(3, driver.Calls(nameof(driver.MemAlloc)));
            Assert.Equal([0, 256, 512], Enumerable.Range(0, 3).Select(slices.Offset));
            slices.Place(DeviceSlice.InOrder(7));
            Assert.Equal(7, driver.Memory.Used);
        }
        Assert.Equal(0, driver.Memory.Used);
    }

    private static void Check(string name, Shape shape, Precision precision, bool isolated, Func<RandomLayers, Tensor, Tensor> layer)
    {
        using CudaBackend gpu = EmulatedGpu.Open(precision, precision == Precision.Float32 ? 60 : 80, workers: 2, isolated: isolated);
        BackendCheck.Matches(gpu, Case(name, shape, layer), Arithmetic.Of(precision));
    }

    private static OpCase Case(string name, Shape shape, Func<RandomLayers, Tensor, Tensor> layer) =>
        new(name, Graph.Record(shape, x => layer(new RandomLayers(3), x)), 3, new LoadOptions());
}
