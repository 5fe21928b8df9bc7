using LungSeg.Engine.Backends.Cuda;
using LungSeg.PtxInterpreter;

namespace LungSeg.Kernels.Tests;

/// <summary>What the other tests have run by the time they are all done.</summary>
[Collection(nameof(AfterAllOthers))]
public sealed class CoverageTests
{
    [Fact]
    public void Every_kernel_and_every_kind_of_instruction_has_been_run()
    {
        Assert.SkipWhen(Environment.GetCommandLineArgs().Any(argument => argument.Contains("filter", StringComparison.OrdinalIgnoreCase)),
            "only some tests run");
        PtxKernel[] kernels = [.. KernelLibrary.Kernels.Select(kernel => Gpu.Kernel(kernel.Name))];
        HashSet<string> kinds = [.. kernels.SelectMany(kernel => kernel.Instructions)], reached = [];
        int instructions = 0, run = 0;
        foreach (PtxKernel kernel in kernels)
        {
            for (int i = 0; i < kernel.Instructions.Count; i++)
            {
                instructions++;
                if (!kernel.Reached[i]) continue;
                run++;
                reached.Add(kernel.Instructions[i]);
            }
        }
        string[] left = [.. kernels.Where(kernel => !kernel.Reached.Contains(true)).Select(kernel => kernel.Name)];
        string[] unknown = [.. kinds.Except(reached).Order()];
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{kernels.Length - left.Length} of {kernels.Length} kernels, {Gpu.Launches.Values.Sum()} launches of {Gpu.Shapes} different "
                + "shapes; "
            + $"{reached.Count} of {kinds.Count} kinds of PTX instruction; {run} of {instructions} instructions "
            + $"({100.0 * run / instructions:f1}%)");
        foreach (PtxKernel kernel in kernels.Where(kernel => kernel.Reached.Contains(false))
            .OrderBy(kernel => (double)kernel.Reached.Count(hit => hit) / kernel.Reached.Count).Take(12))
            TestContext.Current.TestOutputHelper.WriteLine(
                $"{kernel.Name}: {kernel.Reached.Count(hit => hit)} of {kernel.Reached.Count} instructions");
        Assert.True(left.Length == 0, $"no test runs {string.Join(", ", left)}");
        Assert.True(unknown.Length == 0, $"no test runs {string.Join(", ", unknown)}");
    }
}

/// <summary>Tests that do not run beside others run after them.</summary>
[CollectionDefinition(nameof(AfterAllOthers), DisableParallelization = true)]
public sealed class AfterAllOthers;
