using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Models;

namespace LungSeg.Cli.SelfTest;

/// <summary>One self-test of a backend: operations, images, on a GPU each kernel of the tiled convolutions, and whole networks.</summary>
internal static class SelfTestRun
{
    /// <summary>All checks of a backend, in the order in which they run.</summary>
    public static IReadOnlyList<SelfTestCheck> Checks(SelfTestPlan plan, IBackend backend) =>
    [
        .. ((IEnumerable<SelfTestCheck>)
        [
            .. OperationCases.Names.Select(name => new SelfTestCheck(CheckKind.Operation, name)),
            new SelfTestCheck(CheckKind.Images, ImageCheck.Name),
            // Each kernel of the tiled convolutions computes all of its cases, whichever the device would choose.
            .. ((backend as CudaBackend)?.TiledConvolutions ?? []).Select(kernel => new SelfTestCheck(CheckKind.Kernel, kernel)),
            .. plan.Networks.Select(network => new SelfTestCheck(CheckKind.Network, network.Key)),
        ]).Where(check => check.Matches(plan.Only)),
    ];

    /// <summary>Runs one check.</summary>
    public static CheckOutcome Run(SelfTestPlan plan, SelfTestCheck check, IBackend backend)
    {
        Arithmetic arithmetic = backend is CpuBackend ? Arithmetic.Winograd : Arithmetic.Of(backend.Precision);
        IReadOnlyList<string> used = [];
        OperationResult[] operations = [];
        NetworkResult[] networks = [];
        switch (check.Kind)
        {
            case CheckKind.Operation:
                operations = [OperationCheck.Run(check.Name, plan.Cases(check.Name), backend, arithmetic)];
                break;
            case CheckKind.Images:
                if (ImageCheck.Run(backend) is { } images) operations = [images];
                break;
            case CheckKind.Kernel:
                using (CudaBackend one = ((CudaBackend)backend).With(check.Name))
                {
                    operations = [OperationCheck.Run(check.Name, OperationCases.TiledNames.SelectMany(plan.Cases), one, arithmetic)];
                    used = one.UsedKernels;
                }
                break;
            default:
                networks = [.. NetworkCheck.Run(Architectures.Get(check.Name), plan.Goldens, backend)];
                break;
        }
        bool broken = operations.Any(operation => operation.Broken) || networks.Any(network => network.Fault is not null);
        return new CheckOutcome(operations, networks, [.. used, .. (backend as CudaBackend)?.UsedKernels ?? []], broken);
    }

    /// <summary>Runs all checks in this process.</summary>
    public static SelfTestResult Of(SelfTestPlan plan, IBackend backend) =>
        Of(plan, backend.Description, backend.Precision, (backend as CudaBackend)?.AllKernels ?? [], Checks(plan, backend).Select(check => Run(plan, check, backend)));

    /// <summary>What the checks of a device, which has so many kernels, came to.</summary>
    public static SelfTestResult Of(SelfTestPlan plan, string device, Precision precision, IReadOnlyList<string> kernels, IEnumerable<CheckOutcome> outcomes)
    {
        CheckOutcome[] all = [.. outcomes];
        // Of some checks alone nothing follows about the kernels that others run.
        string[] unused = plan.Only is not null ? []
            : [.. kernels.Where(kernel => Belongs(kernel, precision)).Except(all.SelectMany(outcome => outcome.Used)).Order(StringComparer.Ordinal)];
        return new SelfTestResult(
            device, precision, [.. all.SelectMany(outcome => outcome.Operations)], [.. all.SelectMany(outcome => outcome.Networks)], unused);
    }

    /// <summary>In which precision's self-test a kernel must run: those for maps of halves in fp16, those with products in tf32 there, all others in fp32.</summary>
    public static bool Belongs(string kernel, Precision precision) => precision == Precision.Float16
        ? kernel.Contains("_f16", StringComparison.Ordinal)
        : !kernel.Contains("_f16", StringComparison.Ordinal) && kernel.Contains("_tf32", StringComparison.Ordinal) == (precision == Precision.TensorFloat32);
}
