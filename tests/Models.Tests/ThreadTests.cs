using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Tests;

/// <summary>How work falls to threads must not show in a single bit.</summary>
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

    private static float[] Run(string network, int threads)
    {
        GoldenFile golden = GoldenFile.Read(TestData.PathOf("golden", $"{network}.safetensors"));
        GoldenCase small = golden.Case("small");
        using var backend = new CpuBackend(threads);
        using Model model = backend.Load(Architectures.Get(network).Record(golden.Weights));
        using Plan plan = model.Plan(small.N, small.H, small.W);
        plan.Input.CopyFrom(golden.Input(small));
        plan.Execute();
        return plan.Output.ToArray();
    }
}
