using LungSeg.CudaStub;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Cuda.Driver;
using LungSeg.Engine.Backends.Reference;

namespace LungSeg.Engine.Tests.Backends.Cuda;

/// <summary>What a CUDA model asks of the driver: little per run, everything given back, errors that say where.</summary>
public sealed class CudaPlanTests
{
    private static readonly Graph Network = Graph.Record(new Shape(2, 3, 20, 20), x =>
    {
        var layers = new RandomLayers(1);
        Tensor y = layers.BatchNorm(layers.Conv2d(x, "conv", 24, 3, stride: 2, padding: 1), "norm").SiLU();
        y = layers.Conv2d(y, "depthwise", 24, 5, padding: 2, groups: 24).ReLU();
        Tensor gate = layers.Conv2d(layers.Conv2d(y.AdaptiveAvgPool2d(1), "reduce", 6, 1).SiLU(), "expand", 24, 1).Sigmoid();
        y = layers.Conv2d(y.Mul(gate), "project", 16, 1);
        y = Tensor.Cat(y.UpsampleNearest(2), y.UpsampleBilinear(2, true));
        return layers.Conv2d(layers.GroupNorm(layers.Conv2d(y, "body", 200, 3, padding: 1), "group", 4), "head", 1, 1).Sigmoid();
    });

    [Fact]
    public void A_run_is_one_graph_launch_between_two_copies()
    {
        var driver = new StubDriver();
        using var backend = new CudaBackend(driver, 0, Precision.Float32);
        using Model model = backend.Load(Network);
        using var plan = (CudaPlan)model.Plan(2, 20, 20);
        int launches = driver.Calls(nameof(driver.LaunchKernel)), copies = driver.Calls(nameof(driver.MemcpyHtoDAsync)),
            waits = driver.Calls(nameof(driver.StreamSynchronize));
        Assert.Equal(plan.Launches.Count, launches);
        Assert.Empty(driver.Launches);
        for (int i = 1; i <= 3; i++)
        {
            plan.Execute();
            Assert.Equal(i * launches, driver.Launches.Count);
        }
        Assert.Equal(launches, driver.Calls(nameof(driver.LaunchKernel)));
        Assert.Equal(3, driver.Calls(nameof(driver.GraphLaunch)));
        Assert.Equal(copies + 3, driver.Calls(nameof(driver.MemcpyHtoDAsync)));
        Assert.Equal(3, driver.Calls(nameof(driver.MemcpyDtoHAsync)));
        Assert.Equal(waits + 3, driver.Calls(nameof(driver.StreamSynchronize)));
    }

    [Fact]
    public void Weights_are_uploaded_once_for_all_plans()
    {
        var driver = new StubDriver();
        using var backend = new CudaBackend(driver, 0, Precision.Float32);
        using Model model = backend.Load(Network);
        using Plan first = model.Plan(2, 20, 20);
        int copies = driver.Calls(nameof(driver.MemcpyHtoDAsync)), modules = driver.Calls(nameof(driver.ModuleLoadDataEx));
        using Plan second = model.Plan(2, 20, 20);
        Assert.Equal((copies, modules), (driver.Calls(nameof(driver.MemcpyHtoDAsync)), driver.Calls(nameof(driver.ModuleLoadDataEx))));
        Assert.Equal(first.ArenaBytes, second.ArenaBytes);
    }

    [Fact]
    public void Plans_on_several_threads_do_not_disturb_each_other()
    {
        using CudaBackend backend = EmulatedGpu.Open();
        using Model model = backend.Load(Network);
        float[][] images = [.. Enumerable.Range(0, 4).Select(i => RandomLayers.Values(i, "input", 2 * 3 * 400, -1, 1))];
        Plan[] plans = [.. images.Select(_ => model.Plan(2, 20, 20))];
        float[][] alone = [.. images.Select(image => Run(plans[0], image))];
        var together = new float[4][];
        Parallel.For(0, 4, i =>
        {
            for (int run = 0; run < 3; run++) together[i] = Run(plans[i], images[i]);
        });
        Assert.Equal(alone, together);
        foreach (Plan plan in plans) plan.Dispose();

        static float[] Run(Plan plan, float[] image)
        {
            plan.Input.CopyFrom(image);
            plan.Execute();
            return plan.Output.ToArray();
        }
    }

    [Fact]
    public void Running_allocates_nothing()
    {
        using var backend = new CudaBackend(NativeStub.Open(), 0, Precision.Float32);
        using Model model = backend.Load(Network);
        using Plan plan = model.Plan(2, 20, 20);
        var timed = (ITimedPlan)plan;
        for (int i = 0; i < 3; i++) plan.Execute();
        Assert.Equal(0.75, timed.ExecuteTimed().Total, 6);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 5; i++) plan.Execute();
        timed.ExecuteTimed();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData(nameof(ICudaDriver.DevicePrimaryCtxRetain))]
    [InlineData(nameof(ICudaDriver.CtxSetCurrent))]
    [InlineData(nameof(ICudaDriver.ModuleLoadDataEx))]
    [InlineData(nameof(ICudaDriver.ModuleGetFunction))]
    [InlineData(nameof(ICudaDriver.MemAlloc))]
    [InlineData(nameof(ICudaDriver.MemHostAlloc))]
    [InlineData(nameof(ICudaDriver.MemcpyHtoDAsync))]
    [InlineData(nameof(ICudaDriver.MemcpyDtoHAsync))]
    [InlineData(nameof(ICudaDriver.MemsetD8Async))]
    [InlineData(nameof(ICudaDriver.StreamCreate))]
    [InlineData(nameof(ICudaDriver.StreamSynchronize))]
    [InlineData(nameof(ICudaDriver.EventCreate))]
    [InlineData(nameof(ICudaDriver.EventRecord))]
    [InlineData(nameof(ICudaDriver.EventElapsedTime))]
    [InlineData(nameof(ICudaDriver.StreamBeginCapture))]
    [InlineData(nameof(ICudaDriver.StreamEndCapture))]
    [InlineData(nameof(ICudaDriver.GraphInstantiate))]
    [InlineData(nameof(ICudaDriver.GraphLaunch))]
    [InlineData(nameof(ICudaDriver.LaunchKernel))]
    public void Whichever_call_fails_is_named_and_everything_is_released(string call)
    {
        int tried = 0;
        for (int after = 0; ; after++, tried++)
        {
            var driver = new StubDriver();
            driver.Fail(call, CudaResult.Unknown, after);
            // Many launches and modules are alike: a few of them, and the last, stand for all.
            if (after > 6) after *= 2;
            DeviceException? error = null;
            try
            {
                using var backend = new CudaBackend(driver, 0, Precision.Float32);
                using Model model = backend.Load(Network);
                using var plan = (CudaPlan)model.Plan(2, 20, 20);
                plan.Execute();
                plan.ExecuteTimed();
            }
            catch (DeviceException e)
            {
                error = e;
            }
            Assert.Empty(driver.Live);
            if (error is null) break;
            Assert.Contains($"cu{call}", error.Message);
            Assert.Contains("STUB_UNKNOWN (999", error.Message);
        }
        Assert.True(tried > 0, "the call is never made");
    }

    [Fact]
    public void A_launch_that_fails_names_kernel_operation_and_module()
    {
        var driver = new StubDriver();
        driver.Fail(nameof(driver.LaunchKernel), CudaResult.LaunchOutOfResources, after: 1);
        using var backend = new CudaBackend(driver, 0, Precision.Float32);
        using Model model = backend.Load(Network);
        Assert.Contains("cuLaunchKernel failed in depthwise_5x5_f32 for conv2d at depthwise: STUB_",
            Assert.Throws<DeviceException>(() => model.Plan(2, 20, 20)).Message);
    }

    [Fact]
    public void A_fault_while_running_says_how_to_find_the_operation_and_stepwise_it_is_named()
    {
        var driver = new StubDriver();
        using (var backend = new CudaBackend(driver, 0, Precision.Float32))
        {
            using Model model = backend.Load(Network);
            using Plan plan = model.Plan(2, 20, 20);
            driver.Fail(nameof(driver.StreamSynchronize), CudaResult.IllegalAddress);
            Assert.Contains(CudaBackend.StepwiseVariable, Assert.Throws<DeviceException>(plan.Execute).Message);
        }
        using (var backend = new CudaBackend(driver, 0, Precision.Float32, stepwise: true))
        {
            using Model model = backend.Load(Network);
            using Plan plan = model.Plan(2, 20, 20);
            plan.Execute();
            driver.Fail(nameof(driver.StreamSynchronize), CudaResult.IllegalAddress, after: 2);
            Assert.Contains("in pool_sums_f32 for conv2d at expand", Assert.Throws<DeviceException>(plan.Execute).Message);
        }
        Assert.Empty(driver.Live);
    }

    [Fact]
    public void Memory_that_does_not_suffice_is_told_with_what_it_was_for()
    {
        var driver = new StubDriver(new StubDevice(MemoryBytes: 20 << 20));
        using var backend = new CudaBackend(driver, 0, Precision.Float32);
        using Model model = backend.Load(Network);
        string message = Assert.Throws<DeviceException>(() => model.Plan(64, 200, 200)).Message;
        Assert.Contains("for the maps of 64x3x200x200", message);
        Assert.Contains("smaller batch", message);
        model.Plan(1, 20, 20).Dispose();
    }

    [Fact]
    public void What_is_too_large_for_a_launch_is_refused_by_name()
    {
        using var backend = new CudaBackend(new StubDriver(new StubDevice(MemoryBytes: 1L << 40)), 0, Precision.Float32);
        Graph graph = Graph.Record(new Shape(1, 8, 8, 8), x => new RandomLayers(1).Conv2d(x, "encoder.stem", 8, 3, padding: 1));
        using Model model = backend.Load(graph);
        string message = Assert.Throws<DeviceException>(() => model.Plan(70_000, 8, 8)).Message;
        Assert.Contains("70000x8x8x8", message);
        Assert.Contains("smaller batch", message);
    }

    [Theory]
    [InlineData(Precision.Float16)]
    [InlineData(Precision.TensorFloat32)]
    public void A_precision_that_the_GPU_lacks_is_refused(Precision precision)
    {
        var driver = new StubDriver(new StubDevice(ComputeCapability: 75));
        string message = Assert.Throws<DeviceException>(() => new CudaBackend(driver, 0, precision)).Message;
        Assert.Contains($"cannot compute in {precision.Name()}", message);
        Assert.Contains("7.5", message);
        Assert.Empty(driver.Live);
    }

    [Fact]
    public void A_GPU_that_is_not_there_is_refused_with_those_that_are()
    {
        var driver = new StubDriver(new StubDevice(Count: 2));
        Assert.Contains("there is no GPU cuda:2; this machine has cuda:0 (Stub GPU), cuda:1 (Stub GPU)",
            Assert.Throws<DeviceException>(() => new CudaBackend(driver, 2, Precision.Float32)).Message);
        using var backend = new CudaBackend(driver, 1, Precision.Float32);
        Assert.Equal("cuda:1 (Stub GPU), fp32", backend.Description);
    }

    [Fact]
    public void Nothing_is_done_after_it_is_disposed()
    {
        using var backend = new CudaBackend(new StubDriver(), 0, Precision.Float32);
        using Model model = backend.Load(Network);
        Plan plan = model.Plan(2, 20, 20);
        plan.Dispose();
        plan.Dispose();
        Assert.Throws<ObjectDisposedException>(plan.Execute);
        Assert.Throws<ObjectDisposedException>(() => plan.Input.CopyFrom(new float[2 * 3 * 400]));
    }
}
