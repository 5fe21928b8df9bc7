using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Tests;

/// <summary>How work falls to threads and vectors must not show in a single bit.</summary>
[Collection("whole networks")]
public sealed class ThreadTests
{
    [Theory, InlineData("pan"), InlineData("unetplusplus"), InlineData("linknet")]
    public void Any_number_of_threads_gives_the_same_bits(string network)
    {
        float[] alone = Run(network, 1);
        Assert.True(alone.Distinct().Count() > 100, "the output must vary, or equality says nothing");
        foreach (int threads in (int[])[2, 3, 8]) Assert.Equal(alone, Run(network, threads));
    }

    [Theory]
    [InlineData("unet"), InlineData("unetplusplus"), InlineData("deeplabv3"), InlineData("deeplabv3plus"), InlineData("fpn")]
    [InlineData("linknet"), InlineData("pspnet"), InlineData("pan"), InlineData("manet")]
    public void Any_width_of_vectors_gives_the_same_bits(string network)
    {
        Assert.SkipUnless(Fma.IsSupported || AdvSimd.IsSupported, "this processor has no fused multiply-add");
        float[] widest = Run(network, 2);
        foreach (InstructionSet set in InstructionSets.Supported.SkipLast(1)) Assert.Equal(widest, Run(network, 2, set));
    }

    private static float[] Run(string network, int threads, InstructionSet? set = null)
    {
        GoldenFile golden = GoldenFile.Read(TestData.PathOf("golden", $"{network}.safetensors"));
        GoldenCase small = golden.Case("small");
        using var backend = new CpuBackend(threads, set);
        using Model model = backend.Load(Architectures.Get(network).Record(golden.Weights));
        using Plan plan = model.Plan(small.N, small.H, small.W);
        plan.Input.CopyFrom(golden.Input(small));
        plan.Execute();
        return plan.Output.ToArray();
    }
}
