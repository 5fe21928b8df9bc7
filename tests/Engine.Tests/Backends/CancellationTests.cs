using LungSeg.CudaStub;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Reference;

namespace LungSeg.Engine.Tests.Backends;

/// <summary>A run that is cancelled ends between two layers, all threads of it, and the next run is a whole one.</summary>
public sealed class CancellationTests
{
    private const int Side = 8;

    [Theory, InlineData(1), InlineData(2), InlineData(5)]
    public void All_threads_stop_after_the_same_layer(int threads)
    {
        const int Layers = 200;
        using var workers = new Workers(threads);
        using var arena = new NativeMemoryBlock(3 * Side * Side);
        CpuTensor view;
        unsafe
        {
            view = new CpuTensor(arena.Data, new Shape(1, 1, Side, Side), true);
        }
        var kernels = Enumerable.Range(0, Layers).Select(_ => new Counting()).ToArray();
        var model = new UseCount(typeof(Model), () => { });
        using var plan = new CpuPlan(model, workers,
            [.. kernels.Select(kernel => new Step(new PlanStep("here", "count", kernel.Name, view.Shape, 0, 0), kernel))], arena, view,
            [view], 0);
        for (int last = 0; last < Layers; last += 17)
        {
            using var stop = new CancellationTokenSource();
            foreach (Counting kernel in kernels) (kernel.Runs, kernel.Call) = (0, null);
            kernels[last].Call = stop.Cancel;
            if (last < Layers - 1) Assert.Throws<OperationCanceledException>(() => plan.Execute(stop.Token));
            int done = kernels.TakeWhile(kernel => kernel.Runs == Counting.Count).Count();
            // Who looks may have done its part of the layer before another asks.
            Assert.InRange(done, last + 1, last + 2);
            Assert.All(kernels.Skip(done), kernel => Assert.Equal(0, kernel.Runs));
        }
        foreach (Counting kernel in kernels) (kernel.Runs, kernel.Call) = (0, null);
        plan.Execute();
        Assert.All(kernels, kernel => Assert.Equal(Counting.Count, kernel.Runs));
    }

    [Theory, InlineData("reference"), InlineData("cpu"), InlineData("cuda"), InlineData("cuda, stepwise")]
    public void A_token_that_asks_already_lets_nothing_run_and_the_next_run_is_whole(string kind)
    {
        Graph network = Graph.Record(new Shape(1, 3, Side, Side), x => new RandomLayers(1).Conv2d(x, "body", 8, 3, padding: 1).Sigmoid());
        using IBackend backend = kind switch
        {
            "reference" => new ReferenceBackend(),
            "cpu" => new CpuBackend(2),
            "cuda" => EmulatedGpu.Open(),
            _ => new CudaBackend(EmulatedGpu.Driver(new StubDevice()), 0, Precision.Float32, stepwise: true),
        };
        using Model model = backend.Load(network);
        using Plan plan = model.Plan(1, Side, Side);
        float[] input = RandomLayers.Values(1, "input", 3 * Side * Side, -1, 1), expected = new float[plan.Output.Shape.Count],
            found = new float[expected.Length];
        plan.Execute(input, expected);
        Assert.Throws<OperationCanceledException>(() => plan.Execute(input, found, new CancellationToken(true)));
        plan.Execute(input, found);
        Assert.Equal(expected, found);
    }

    private sealed unsafe class Counting : Engine.Backends.Cpu.Kernel
    {
        public const int Count = 16;
        private int _runs;

        public int Runs { get => _runs; set => _runs = value; }

        public Action? Call { get; set; }

        public override string Name => "count";

        public override int Units => Count;

        public override void Run(int begin, int end, float* scratch)
        {
            if (begin == 0) Call?.Invoke();
            Interlocked.Add(ref _runs, end - begin);
        }
    }
}
