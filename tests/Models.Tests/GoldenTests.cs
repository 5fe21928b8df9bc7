using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Tests;

/// <summary>
/// All nine networks against the reference implementation's outputs and taps, on one backend: subclass per backend. The
/// bounds are float32's. One backend after the other: each uses all cores.
/// </summary>
[Collection("whole networks")]
public abstract class GoldenTests(Func<IBackend> open, params string[] tags)
{
    private const double OutputBound = 1e-4, TapBound = 1e-3;

    public static TheoryData<string> Networks => TestData.Networks;

    [Theory, MemberData(nameof(Networks))]
    public void Outputs_and_taps_are_the_reference_s(string network)
    {
        GoldenFile golden = GoldenFile.Read(TestData.PathOf("golden", $"{network}.safetensors"));
        Assert.Equal(network, golden.Network);
        using IBackend backend = open();
        foreach (GoldenCase goldenCase in tags.Select(golden.Case))
        {
            string[] taps = [.. goldenCase.Names.Except(["input", "output"])];
            using Model model = backend.Load(Architectures.Get(network).Record(golden.Weights), new LoadOptions { Taps = taps });
            using Plan plan = model.Plan(goldenCase.N, goldenCase.H, goldenCase.W);
            plan.Input.CopyFrom(golden.Input(goldenCase));
            plan.Execute();
            string[] names = ["output", .. taps];
            foreach ((string name, Engine.Buffer actual) in names.Zip(plan.Outputs))
            {
                GoldenDifference difference = golden.Compare(goldenCase, name, actual.ToArray());
                double bound = name == "output" ? OutputBound : TapBound * difference.Magnitude;
                TestContext.Current.SendDiagnosticMessage(
                    $"{network} {goldenCase.Tag} {name}: max {difference.Max:e2} of {difference.Magnitude:e2}");
                Assert.True(
                    difference.Max <= bound,
                    $"{network} {goldenCase.Tag}/{name} on {backend.Description}: differs by {difference.Max:e2}, allowed {bound:e2}");
            }
        }
    }
}

/// <summary>The specification: small images only, for it is slow.</summary>
public sealed class ReferenceGoldenTests() : GoldenTests(() => new ReferenceBackend(), "small");

/// <summary>The CPU at the widest vectors that the machine has; also at each network's own image size.</summary>
public sealed class CpuGoldenTests() : GoldenTests(() => new CpuBackend(), "small", "native");

/// <summary>The CPU with 256-bit vectors.</summary>
public sealed class CpuAvx2GoldenTests() : GoldenTests(() => Cpu.Open(InstructionSet.Avx2), "small");

/// <summary>The CPU with 128-bit vectors, which every processor has.</summary>
public sealed class CpuVector128GoldenTests() : GoldenTests(() => Cpu.Open(InstructionSet.Vector128), "small");

internal static class Cpu
{
    public static CpuBackend Open(InstructionSet set)
    {
        Assert.SkipUnless(InstructionSets.Supported.Contains(set), $"this processor has no {set}");
        return new CpuBackend(instructionSet: set);
    }
}
