using LungSeg.CudaStub;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Cuda.Driver;
using LungSeg.Engine.Backends.Reference;

namespace LungSeg.Engine.Tests.Backends;

/// <summary>Plans, models and backends are disposed in any order and at any time: who runs ends well, who comes later is told.</summary>
public sealed class DisposalTests
{
    private const int Side = 8;

    private static readonly Graph Network = Graph.Record(new Shape(1, 3, Side, Side), x =>
    {
        var layers = new RandomLayers(1);
        return layers.Conv2d(layers.Conv2d(x, "body", 24, 3, padding: 1).ReLU(), "head", 1, 1).Sigmoid();
    });

    public static TheoryData<string, string> Owners => new(
        from backend in (string[])["reference", "cpu, one thread", "cpu, three threads", "cuda"]
        from owner in (string[])["plan", "model", "backend"]
        select (backend, owner));

    [Theory, MemberData(nameof(Owners))]
    public void What_was_disposed_refuses_the_next_call(string kind, string owner)
    {
        using IBackend backend = Create(kind);
        using Model model = backend.Load(Network);
        using Plan plan = model.Plan(1, Side, Side);
        plan.Execute();
        Buffer output = plan.Output;
        IDisposable disposed = owner switch { "plan" => plan, "model" => model, _ => backend };
        disposed.Dispose();
        disposed.Dispose();
        Assert.Throws<ObjectDisposedException>(plan.Execute);
        Assert.Throws<ObjectDisposedException>(() => plan.Execute(new float[3 * Side * Side], new float[Side * Side]));
        Assert.Throws<ObjectDisposedException>(() => plan.Profile());
        Assert.Throws<ObjectDisposedException>(() => plan.Input.CopyFrom(new float[3 * Side * Side]));
        Assert.Throws<ObjectDisposedException>(output.ToArray);
        if (plan is ITimedPlan timed) Assert.Throws<ObjectDisposedException>(() => timed.ExecuteTimed());
        if (owner != "plan") Assert.Throws<ObjectDisposedException>(() => model.Plan(1, Side, Side));
        if (owner == "backend") Assert.Throws<ObjectDisposedException>(() => backend.Load(Network));
        if (owner == "backend" && backend is CudaBackend gpu) Assert.Throws<ObjectDisposedException>(gpu.Compile);
    }

    [Theory, MemberData(nameof(Owners))]
    public void Whoever_uses_a_plan_keeps_what_was_disposed_until_the_end(string kind, string owner)
    {
        using IBackend backend = Create(kind);
        using Model model = backend.Load(Network);
        using Plan plan = model.Plan(1, Side, Side);
        plan.Execute();
        float[] expected = plan.Output.ToArray(), found = new float[expected.Length];
        using (plan.Uses.Enter())
        {
            ((IDisposable)(owner switch { "plan" => plan, "model" => model, _ => backend })).Dispose();
            // All memory that was freed would be taken again, and written to.
            using IBackend other = Create(kind);
            using Model another = other.Load(Network);
            another.Plan(1, Side, Side).Dispose();
            plan.Output.Read(found);
        }
        Assert.Equal(expected, found);
    }

    [Theory, InlineData(1), InlineData(3)]
    public void A_kernel_that_runs_keeps_its_plan_its_model_and_its_threads(int threads)
    {
        int freed = 0;
        var workers = new Workers(threads);
        var backend = new UseCount(typeof(CpuBackend), () =>
        {
            freed++;
            workers.Dispose();
        });
        var model = new UseCount(typeof(Model), () => freed++, backend);
        var arena = new NativeMemoryBlock(3 * Side * Side);
        var kernel = new Callback();
        CpuTensor view;
        unsafe
        {
            view = new CpuTensor(arena.Data, new Shape(1, 1, Side, Side), true);
        }
        var plan = new CpuPlan(model, workers, [new Step(new PlanStep("here", "callback", kernel.Name, view.Shape, 0, 0), kernel)], arena,
            view, [view], 0);
        kernel.Call = () =>
        {
            plan.Dispose();
            model.Close();
            backend.Close();
            Assert.False(arena.IsClosed);
            Assert.Equal(0, freed);
            Assert.Throws<ObjectDisposedException>(() => plan.Output.ToArray());
        };
        plan.Execute();
        Assert.True(arena.IsClosed);
        Assert.Equal(2, freed);
        Assert.Throws<ObjectDisposedException>(plan.Execute);
    }

    [Fact]
    public void A_launch_that_runs_keeps_everything_that_the_driver_gave()
    {
        Action disposal = () => { };
        var driver = new StubDriver { Run = _ => disposal() };
        var backend = new CudaBackend(driver, 0, Precision.Float32);
        Model model = backend.Load(Network);
        Plan plan = model.Plan(1, Side, Side);
        IReadOnlyDictionary<string, int>? before = driver.Live, during = null;
        disposal = () =>
        {
            plan.Dispose();
            model.Dispose();
            backend.Dispose();
            during = driver.Live;
        };
        plan.Execute();
        Assert.Equal(before, during);
        Assert.Empty(driver.Live);
    }

    [Fact]
    public void What_a_failed_run_left_on_a_stream_is_done_before_its_memory_goes()
    {
        var driver = new StubDriver();
        using (var backend = new CudaBackend(driver, 0, Precision.Float32))
        using (Model model = backend.Load(Network))
        using (Plan plan = model.Plan(1, Side, Side))
        {
            driver.Fail(nameof(driver.GraphLaunch), CudaResult.Unknown);
            Assert.Throws<DeviceException>(plan.Execute);
        }
        Assert.Empty(driver.Live);
    }

    [Theory, InlineData("reference"), InlineData("cpu, one thread"), InlineData("cpu, three threads"), InlineData("cuda")]
    public void A_plan_is_run_by_one_thread_at_a_time(string kind)
    {
        using IBackend backend = Create(kind);
        using Model model = backend.Load(Network);
        using Plan plan = model.Plan(1, Side, Side);
        using (plan.Begin()) Assert.Contains("one thread at a time", Assert.Throws<InvalidOperationException>(plan.Execute).Message);
        plan.Execute();
    }

    [Theory, InlineData("reference"), InlineData("cpu, three threads"), InlineData("cuda")]
    public void A_result_can_be_read_when_its_plan_was_forgotten(string kind)
    {
        using IBackend backend = Create(kind);
        (Buffer output, float[] expected) = Forgotten(backend);
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        // All memory that was freed would be taken again, and written to.
        Forgotten(backend);
        Assert.Equal(expected, output.ToArray());
    }

    private static (Buffer Output, float[] Values) Forgotten(IBackend backend)
    {
        Plan plan = backend.Load(Network).Plan(1, Side, Side);
        plan.Execute(RandomLayers.Values(1, "input", 3 * Side * Side, -1, 1), new float[Side * Side]);
        return (plan.Output, plan.Output.ToArray());
    }

    private static IBackend Create(string kind) => kind switch
    {
        "reference" => new ReferenceBackend(),
        "cpu, one thread" => new CpuBackend(1),
        "cpu, three threads" => new CpuBackend(3),
        _ => EmulatedGpu.Open(),
    };

    private sealed unsafe class Callback : Engine.Backends.Cpu.Kernel
    {
        public Action Call { get; set; } = () => { };

        public override string Name => "callback";

        public override int Units => 1;

        public override void Run(int begin, int end, float* scratch) => Call();
    }
}
