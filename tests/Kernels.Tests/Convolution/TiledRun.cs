using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Cuda.Convolution;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;
using LungSeg.PtxInterpreter;

namespace LungSeg.Kernels.Tests.Convolution;

/// <summary>Runs a case on one kernel of the tiled convolutions, as the host packs and launches it.</summary>
internal static class TiledRun
{
    /// <summary>The kernels that are not for a gate.</summary>
    public static IEnumerable<KernelInfo> Kernels(string family, string precision) =>
        KernelLibrary.Kernels.Where(kernel => kernel.Family == family && kernel.Precision == precision && !kernel.Gate);

    /// <summary>Every one of them.</summary>
    public static IEnumerable<KernelInfo> All =>
        KernelLibrary.Kernels.Where(kernel => KernelFamily.Tiled.Contains(kernel.Family) && !kernel.Gate);

    public static Storage StorageOf(KernelInfo kernel) => kernel.Storage == KernelNumbers.Float32 ? Storage.F32 : Storage.F16;

    public static Numbers NumbersOf(KernelInfo kernel) => kernel.Precision switch
    {
        KernelNumbers.Float32 => Numbers.F32,
        KernelNumbers.TensorFloat32 => Numbers.Tf32,
        _ => Numbers.F16,
    };

    /// <summary>Runs the kernel, or a changed one in its place, with so many splits, input and output being slices if asked.</summary>
    public static Map Run(KernelInfo kernel, ConvCase test, int splits = 1, bool slice = false, PtxKernel? changed = null,
        float[]? gate = null, Checks checks = Checks.All)
    {
        using var gpu = new Gpu { Checks = checks, Changed = changed };
        Tensor x = Tensor.Create(new InputOp(test.Input), [], "x"), shortcut = Tensor.Create(new InputOp(test.Output), [], "shortcut");
        var gates = new Map(new Shape(test.Input.N, test.Input.C, 1, 1));
        Tensor gateNode = Tensor.Create(new InputOp(gates.Shape), [], "gate");
        Conv2dOp op = test.Op with { Activation = test.Activation };
        Tensor node = Tensor.Create(op, test.Residual ? [x, shortcut] : [x], "conv");
        HostRun run = new HostRun(gpu, StorageOf(kernel)).With(x, test.X(), slice);
        if (test.Residual) run.With(shortcut, test.Shortcut(), !slice);
        if (gate is not null)
        {
            int padded = gate.Length / test.Input.N;
            for (int i = 0; i < gates.Values.Length; i++) gates.Values[i] = gate[(i / test.Input.C * padded) + (i % test.Input.C)];
            run.With(gateNode, gates);
        }
        TiledConv? conv = TiledConv.TryOf(node, op, new ConvInput(x, gate is null ? null : gateNode), HostRun.Kernels(kernel, splits));
        Assert.NotNull(conv);
        return run.Run(conv, slice);
    }
}
