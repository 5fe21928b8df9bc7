using LungSeg.CudaStub;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Cuda.Convolution;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Tests.Backends.Cuda;

/// <summary>
/// Sizes at which a grid or a number of bytes runs out, on drivers that compute nothing; and what the choice of kernels goes by.
/// </summary>
public sealed class LimitTests
{
    // 2048 x 2049 pixels are 65,568 tiles of 64 rows: more than a grid has.
    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.TensorFloat32)]
    [InlineData(Precision.Float16)]
    public void A_map_of_too_many_small_tiles_takes_a_larger_tile(Precision precision)
    {
        using var backend = new CudaBackend(NativeStub.Open(), 0, precision);
        Graph graph = Graph.Record(new Shape(1, 8, 64, 64),
            x => new RandomLayers(1).Conv2d(new RandomLayers(2).Conv2d(x, "first", 9, 1), "second", 24, 3, padding: 1));
        using Model model = backend.Load(graph);
        using var plan = (CudaPlan)model.Plan(1, 2048, 2049);
        Launch[] tiled = [.. plan.Launches.Where(launch => KernelFamily.Tiled.Contains(launch.Kernel.Family))];
        Assert.NotEmpty(tiled);
        Assert.All(tiled, launch => Assert.Equal(128, launch.Kernel.TileM));
    }

    [Fact]
    public void Memory_of_more_than_2_GiB_is_counted_in_64_bits()
    {
        using var backend = new CudaBackend(NativeStub.Open(), 0, Precision.Float32);
        Graph graph = Graph.Record(new Shape(1, 1, 64, 64), x => x.MaxPool2d(64, 64, 0));
        using Model model = backend.Load(graph);
        using Plan plan = model.Plan(1, 23_360, 23_360);
        Assert.True(plan.Input.Shape.Count * sizeof(float) > int.MaxValue);
        Assert.True(plan.ArenaBytes > 2L * int.MaxValue);
        plan.Execute();
        Assert.Equal(365 * 365, plan.Output.ToArray().Length);
    }

    [Fact]
    public void A_map_whose_elements_need_more_than_32_bits_is_refused_by_name()
    {
        using var backend = new CudaBackend(NativeStub.Open(), 0, Precision.Float32);
        Graph graph = Graph.Record(new Shape(1, 8, 64, 64), x => new RandomLayers(1).Conv2d(x, "encoder.stem", 128, 3, padding: 1));
        using Model model = backend.Load(graph);
        Assert.Contains("conv2d at encoder.stem gives 1x128x4096x4096, which is too large",
            Assert.Throws<DeviceException>(() => model.Plan(1, 4096, 4096)).Message);
    }

    [Theory]
    [InlineData(60, "Tesla P100", KernelFamily.ConvSimt, KernelNumbers.Float32, 64)]
    [InlineData(61, "TITAN Xp", KernelFamily.ConvSimt, KernelNumbers.Float32, 128)]
    [InlineData(75, "Tesla T4", KernelFamily.ConvSimt, KernelNumbers.Float32, 64)]
    [InlineData(80, "NVIDIA A100", KernelFamily.ConvSimt, KernelNumbers.Float32, 64)]
    [InlineData(80, "NVIDIA A100", KernelFamily.ConvMma, KernelNumbers.Float16, 1024)]
    [InlineData(86, "NVIDIA GeForce RTX 3090", KernelFamily.ConvMma, KernelNumbers.Float16, 256)]
    [InlineData(86, "NVIDIA A40", KernelFamily.ConvMma, KernelNumbers.Float16, 512)]
    [InlineData(89, "NVIDIA L40S", KernelFamily.ConvMma, KernelNumbers.TensorFloat32, 256)]
    [InlineData(90, "NVIDIA H200", KernelFamily.ConvSimt, KernelNumbers.Float32, 128)]
    [InlineData(90, "NVIDIA H200", KernelFamily.ConvMma, KernelNumbers.Float16, 1228.8)]
    [InlineData(90, "NVIDIA H200", KernelFamily.ConvWgmma, KernelNumbers.Float16, 2048)]
    [InlineData(120, "NVIDIA GeForce RTX 5090", KernelFamily.ConvMma, KernelNumbers.Float16, 256)]
    public void Peaks_are_those_of_the_makers_tables(int capability, string name, string family, string precision, double rate) =>
        Assert.Equal(rate, CostModel.Peak(family, precision, CudaDevice.List(new StubDriver(new StubDevice(capability, name)))[0]), 3);

    [Fact]
    public void A_kernel_that_was_measured_as_quick_is_chosen_and_one_on_trial_only_then()
    {
        Graph graph = Graph.Record(new Shape(1, 256, 64, 64), x => new RandomLayers(1).Conv2d(x, "conv", 256, 3, padding: 1));
        Assert.DoesNotContain("unfenced", Chosen(null));
        foreach (string kernel in (string[])["conv_wgmma_f16_128x128_unfenced", "conv_wgmma_f16_128x128_deep", "conv_mma_f16_64x64"])
            Assert.Equal(kernel, Chosen(new CudaTuning("Stub GPU", 3, 3e12, new Dictionary<string, double> { [kernel] = 1e6 })));

        string Chosen(CudaTuning? tuning)
        {
            using var backend = new CudaBackend(new StubDriver(), 0, Precision.Float16, tuning: tuning);
            using Model model = backend.Load(graph);
            using var plan = (CudaPlan)model.Plan(1, 64, 64);
            return Assert.Single(plan.Launches, launch => KernelFamily.Tiled.Contains(launch.Kernel.Family)).Kernel.Name;
        }
    }
}
