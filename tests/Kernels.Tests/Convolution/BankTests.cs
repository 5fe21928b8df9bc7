using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Ops;
using LungSeg.PtxInterpreter;

namespace LungSeg.Kernels.Tests.Convolution;

/// <summary>
/// Shared memory is laid out so that the lanes of a warp do not wait for each other in the loops of the tiled convolutions.
/// </summary>
public sealed class BankTests
{
    public static TheoryData<string> Names => [.. TiledRun.All.Select(kernel => kernel.Name)];

    [Theory, MemberData(nameof(Names))]
    public void No_bank_is_asked_for_two_words_at_once(string name)
    {
        // A whole tile, and steps enough to use every stage.
        var test = new ConvCase(new Shape(1, 64, 8, 16), 128, 3, 3, 1, 1, new Padding(1, 1, 1, 1), 1, Bias: true, Residual: false,
            Activation.None, Seed: 3);
        PtxKernel kernel = PtxModule.Parse(Gpu.Text(name)).Entry(name);
        TiledRun.Run(KernelLibrary.Find(name), test, changed: kernel, checks: Checks.Banks);
        // Behind the loop of the tensor cores' kernels pairs of sums change places: what is read there waits once.
        bool exchanges = name.StartsWith("conv_mma", StringComparison.Ordinal) || name.StartsWith("conv_wgmma", StringComparison.Ordinal);
        int counted = 0;
        for (int i = 0; i < kernel.Instructions.Count; i++)
        {
            (long turns, long minimum) = kernel.BankUse[i];
            long allowed = exchanges && kernel.Instructions[i] == "ld.shared.v4.f32" ? 2 * minimum : minimum;
            Assert.True(turns <= allowed, $"{kernel.Instructions[i]}, instruction {i}: {turns} turns instead of {minimum}");
            if (minimum > 0) counted++;
        }
        Assert.True(counted > 10, $"{counted} accesses of shared memory counted");
    }
}
