using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Reference;

namespace LungSeg.Cli.SelfTest;

/// <summary>One self-test of a backend: operations, pictures, on a GPU each kernel of the tiled convolutions, and whole networks.</summary>
internal static class SelfTestRun
{
    public static SelfTestResult Of(SelfTestPlan plan, IBackend backend)
    {
        var gpu = backend as CudaBackend;
        Precision precision = backend.Precision;
        Arithmetic arithmetic = backend is CpuBackend ? Arithmetic.Winograd : Arithmetic.Of(precision);
        List<OperationResult> operations = [.. OperationCases.Names.Select(name => OperationCheck.Run(name, plan.Cases(name), backend, arithmetic))];
        if (PictureCheck.Run(backend) is { } pictures) operations.Add(pictures);
        HashSet<string> used = [];
        // Each kernel of the tiled convolutions computes all of its cases, whichever the device would choose.
        foreach (string kernel in gpu?.TiledConvolutions ?? [])
        {
            using CudaBackend one = gpu!.With(kernel);
            operations.Add(OperationCheck.Run(kernel, OperationCases.TiledNames.SelectMany(plan.Cases), one, arithmetic));
            used.UnionWith(one.UsedKernels);
        }
        NetworkResult[] networks = [.. plan.Networks.SelectMany(network => NetworkCheck.Run(network, plan.Goldens, backend))];
        used.UnionWith(gpu?.UsedKernels ?? []);
        string[] unused = [.. (gpu?.AllKernels ?? []).Where(kernel => Belongs(kernel, precision)).Except(used).Order(StringComparer.Ordinal)];
        return new SelfTestResult(backend.Description, precision, operations, networks, unused);
    }

    /// <summary>In which precision's self-test a kernel must run: those for maps of halves in fp16, those with products in tf32 there, all others in fp32.</summary>
    public static bool Belongs(string kernel, Precision precision) => precision == Precision.Float16
        ? kernel.Contains("_f16", StringComparison.Ordinal)
        : !kernel.Contains("_f16", StringComparison.Ordinal) && kernel.Contains("_tf32", StringComparison.Ordinal) == (precision == Precision.TensorFloat32);
}
