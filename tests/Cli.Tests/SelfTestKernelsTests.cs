using LungSeg.Cli.SelfTest;
using LungSeg.CudaStub;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Reference;

namespace LungSeg.Cli.Tests;

/// <summary>What the self-test runs on a GPU: every kernel there is for it.</summary>
public sealed class SelfTestKernelsTests
{
    private const int CasesEach = 12;

    public static IEnumerable<TheoryDataRow<Precision, int>> Gpus =>
        from gpu in ((Precision Precision, int ComputeCapability)[])[(Precision.Float32, 60), (Precision.TensorFloat32, 80),
            (Precision.Float16, 80), (Precision.Float16, 90)]
        select new TheoryDataRow<Precision, int>(gpu.Precision, gpu.ComputeCapability).WithTrait(
            "gpu", $"{gpu.Precision.Name()} {gpu.ComputeCapability}");

    [Theory, MemberData(nameof(Gpus))]
    public void Every_kernel_of_the_device_is_run(Precision precision, int computeCapability)
    {
        using CudaBackend gpu = EmulatedGpu.OpenIdle(precision, computeCapability);
        var plan = new SelfTestPlan([], null, CasesEach, 0);
        Bind(gpu, OperationCases.Names.SelectMany(plan.Cases));
        ImageCheck.Run(gpu);
        HashSet<string> used = [.. gpu.UsedKernels];
        foreach (string kernel in gpu.TiledConvolutions)
        {
            using CudaBackend one = gpu.With(kernel);
            Bind(one, OperationCases.TiledNames.SelectMany(new SelfTestPlan([], null, 2, 0).Cases));
            used.UnionWith(one.UsedKernels);
        }
        Assert.Empty(gpu.AllKernels.Where(kernel => SelfTestRun.Belongs(kernel, precision)).Except(used));
    }

    // Minutes in the interpreter: by hand, -explicit only -preEnumerateTheories -diagnostics -trait 'gpu=fp16 90'.
    [Theory(Explicit = true), MemberData(nameof(Gpus))]
    public void It_holds_on_the_emulated_GPU(Precision precision, int computeCapability)
    {
        using CudaBackend gpu = EmulatedGpu.Open(precision, computeCapability, workers: 2);
        SelfTestResult result = SelfTestRun.Of(new SelfTestPlan([], null, CasesEach, 0), gpu);
        var report = new StringWriter();
        SelfTestReport.Write(report, result);
        TestContext.Current.SendDiagnosticMessage(report.ToString());
        Assert.True(result.Holds, report.ToString());
        Assert.Empty(result.Unused);
    }

    private static void Bind(CudaBackend gpu, IEnumerable<OperationCase> cases)
    {
        foreach (OperationCase test in cases)
        {
            Shape shape = test.Graph.Input.Shape;
            using Model model = gpu.Load(test.Graph);
            model.Plan(shape.N, shape.H, shape.W).Dispose();
        }
    }
}
