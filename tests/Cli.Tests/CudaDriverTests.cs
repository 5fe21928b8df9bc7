using System.Text.Json;

namespace LungSeg.Cli.Tests;

/// <summary>The program with a driver library that answers every call and computes nothing: what it loads, calls, and says.</summary>
public sealed class CudaDriverTests(CudaStubLibrary library) : IClassFixture<CudaStubLibrary>, IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Bench_times_copies_and_kernels_by_the_device_s_clock()
    {
        Run run = library.Lungseg(["bench", "pan", "--device", "cuda", "--precision", "fp16", "--batch", "2", "--runs", "2", "--json"]).Succeeded();
        JsonElement[] networks = [.. run.Json.GetProperty("networks").EnumerateArray()];
        Assert.Equal([2], networks.Select(network => network.GetProperty("batch").GetInt32()));
        Assert.All(networks, network => Assert.Equal(0.75, network.GetProperty("device_total_median_ms").GetDouble(), 3));
        Assert.Equal("cuda:0 (First stub), fp16", run.Json.GetProperty("conditions").GetProperty("device").GetString());
    }

    [Fact]
    public void Auto_tries_a_GPU_and_says_why_it_does_not_take_it()
    {
        Run run = library.Lungseg(["selftest", "--device", "auto", "--cases", "1", "--networks", "none"]);
        Assert.Equal(0, run.Exit);
        Assert.Matches(@"lungseg: --device auto took CPU, .*: cuda:0 \(First stub\), fp32 computes wrongly: ", run.Error);
    }

    [Fact]
    public void The_self_test_finds_a_GPU_that_computes_nothing()
    {
        Run run = library.Lungseg(["selftest", "--device", "cuda", "--cases", "1", "--networks", "none", "--precision", "fp16"]);
        Assert.Equal(1, run.Exit);
        Assert.Contains("conv2d 3x3: conv2d 3x3 of ", run.Output);
        Assert.Contains("conv_mma_f16_128x128: ", run.Output);
        Assert.Contains("checks do not hold", run.Output);
    }

    [Fact]
    public void Kernels_are_compiled_for_a_GPU()
    {
        Assert.Matches(@"conv_wgmma_f16_64x64 +sm_90a +128 +65536 +96 +0 +2", library.Lungseg(["kernels", "--device", "cuda"]).Succeeded().Output);
        Run second = library.Lungseg(["kernels", "--device", "cuda:1", "--json"]).Succeeded();
        Assert.All(second.Json.EnumerateArray(), kernel =>
            Assert.Equal(kernel.GetProperty("target").GetString() == "sm_60", kernel.TryGetProperty("registers", out JsonElement registers) && registers.GetInt32() == 96));
        library.Lungseg(["kernels", "--device", "cuda"], "cuFuncGetAttribute").Refused("cuFuncGetAttribute failed of Registers for ");
        library.Lungseg(["kernels", "--device", "cpu"]).Refused("expected --device cuda or cuda:N, found 'cpu'");
    }

    [Theory]
    [InlineData("cuDevicePrimaryCtxRetain", "cuda:0 (First stub): cuDevicePrimaryCtxRetain failed: CUDA_ERROR_UNKNOWN (999, unknown error)")]
    [InlineData("cuModuleLoadDataEx", "(its log: ptxas fatal: stub): CUDA_ERROR_UNKNOWN")]
    [InlineData("cuLaunchKernel", "for conv2d at encoder._conv_stem: CUDA_ERROR_UNKNOWN")]
    public void What_the_driver_refuses_is_one_line_and_exit_2(string entry, string words) =>
        library.Lungseg(["segment", Repository.Sample, "-o", _directory[""], "--device", "cuda"], entry).Refused(words);

    [Fact]
    public void A_GPU_is_chosen_by_number_and_must_have_the_precision()
    {
        library.Lungseg(["bench", "pan", "--device", "cuda:1", "--precision", "fp16"]).Refused("cuda:1 (Second stub) cannot compute in fp16", "7.5");
        library.Lungseg(["bench", "pan", "--device", "cuda:2"]).Refused("there is no GPU cuda:2; this machine has cuda:0 (First stub), cuda:1 (Second stub)");
        Run auto = library.Lungseg(["segment", Repository.Sample, "-o", _directory[""], "--device", "cuda:1", "--precision", "auto"]);
        Assert.Contains("--precision auto took fp32 on cuda:1 (Second stub)", auto.Error);
        Assert.Contains("cuda:1 (Second stub), fp32", auto.Output);
    }
}
