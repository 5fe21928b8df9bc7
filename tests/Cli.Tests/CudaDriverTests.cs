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
        Run run = library
            .Lungseg(["bench", "pan", "--device", "cuda", "--precision", "fp16", "--batch", "2", "--runs", "2", "--json"])
            .Succeeded();
        JsonElement[] networks = [.. run.Json.GetProperty("networks").EnumerateArray()];
        Assert.Equal([2], networks.Select(network => network.GetProperty("batch").GetInt32()));
        Assert.All(networks, network => Assert.Equal(0.75, network.GetProperty("device_total_median_ms").GetDouble(), 3));
        Assert.Equal("cuda:0 (First stub), fp16", run.Json.GetProperty("conditions").GetProperty("device").GetString());
    }

    [Fact]
    public void Auto_tries_a_GPU_and_says_why_it_does_not_take_it()
    {
        Run run = library.Lungseg(["selftest", "--device", "auto", "--cases", "1", "--networks", "none", "--only", "conv2d 3x3"]);
        Assert.Equal(0, run.Exit);
        Assert.Matches(@"lungseg: --device auto chose CPU, .*: cuda:0 \(First stub\), fp32 computes wrongly: ", run.Error);
    }

    [Fact]
    public void The_self_test_finds_a_GPU_that_computes_nothing()
    {
        Run run = library.Lungseg(["selftest", "--device", "cuda", "--cases", "1", "--networks", "none", "--precision", "fp16"]);
        Assert.Equal(1, run.Exit);
        Assert.Contains("conv2d 3x3: conv 3x3 to ", run.Output);
        Assert.Contains("conv_mma_f16_128x128: ", run.Output);
        Assert.Contains("checks fail", run.Output);
    }

    [Fact]
    public void Kernels_are_compiled_for_a_GPU()
    {
        Assert.Matches(
            @"conv_wgmma_f16_64x64 +sm_90a +128 +65536 +96 +0 +2", library.Lungseg(["kernels", "--device", "cuda"]).Succeeded().Output);
        Run second = library.Lungseg(["kernels", "--device", "cuda:1", "--json"]).Succeeded();
        Assert.All(second.Json.EnumerateArray(), kernel =>
        {
            bool compiled = kernel.TryGetProperty("registers", out JsonElement registers) && registers.GetInt32() == 96;
            Assert.Equal(kernel.GetProperty("target").GetString() == "sm_60", compiled);
        });
        library.Lungseg(["kernels", "--device", "cuda"], "cuFuncGetAttribute").Refused("cuFuncGetAttribute failed of Registers for ");
        library.Lungseg(["kernels", "--device", "cpu"]).Refused("expected --device cuda or cuda:N, found 'cpu'");
    }

    [Theory]
    [InlineData("cuDevicePrimaryCtxRetain", "cuda:0 (First stub): cuDevicePrimaryCtxRetain failed: CUDA_ERROR_UNKNOWN (999, unknown "
        + "error)")]
    [InlineData("cuModuleLoadDataEx", "(its log: ptxas fatal: stub): CUDA_ERROR_UNKNOWN")]
    [InlineData("cuLaunchKernel", "for conv2d at encoder._conv_stem: CUDA_ERROR_UNKNOWN")]
    public void What_the_driver_refuses_is_one_line_and_exit_2(string entry, string words) =>
        library.Lungseg(["segment", Repository.Sample, "-o", _directory[""], "--device", "cuda"], entry).Refused(words);

    [Fact]
    public void A_GPU_is_chosen_by_number_and_must_have_the_precision()
    {
        library.Lungseg(["bench", "pan", "--device", "cuda:1", "--precision", "fp16"]).Refused(
            "cuda:1 (Second stub) cannot compute in fp16", "7.5");
        library.Lungseg(["bench", "pan", "--device", "cuda:2"]).Refused(
            "there is no GPU cuda:2; this machine has cuda:0 (First stub), cuda:1 (Second stub)");
        Run auto = library.Lungseg(["segment", Repository.Sample, "-o", _directory[""], "--device", "cuda:1", "--precision", "auto"]);
        Assert.Contains("--precision auto chose fp32 on cuda:1 (Second stub)", auto.Error);
        Assert.Contains("cuda:1 (Second stub), fp32", auto.Output);
    }

    // Of the operations each has a kernel of its own, so that one alone meets the fault.
    [Theory]
    [InlineData("LUNGSEG_STUB_POISON", "attention_scores", "position_attention: .*CUDA_ERROR_ILLEGAL_ADDRESS \\(700, .*must be restarted")]
    [InlineData("LUNGSEG_STUB_STOP", "attention_scores", "position_attention: did not end within 5 s; its process was ended")]
    [InlineData("LUNGSEG_STUB_POISON", "upsample_bilinear", "upsample_bilinear: .*700")]
    public void A_fault_of_one_check_is_named_and_the_others_still_run(string variable, string kernel, string fault)
    {
        if (kernel != "upsample_bilinear") LargeTest.SkipUnlessWanted();
        Run run = library.Lungseg(
            ["selftest", "--device", "cuda", "--cases", "1", "--networks", "none", "--precision", "fp32", "--limit", "5", "--only", "*o*"],
            [(variable, kernel)]);
        Assert.Equal(1, run.Exit);
        Assert.Matches(fault, run.Output);
        // What comes behind it was computed, by a GPU that computes nothing.
        Assert.Matches("activations: activations of .*: element ", run.Output);
        string reason = variable.EndsWith("STOP", StringComparison.Ordinal) ? "did not end" : "(700";
        Assert.Single(run.Output.Split('\n'), line => line.Contains(reason, StringComparison.Ordinal));
    }

    [Fact]
    public void A_pattern_takes_some_checks_and_one_that_takes_none_is_refused()
    {
        Run run = library.Lungseg(
            ["selftest", "--device", "cuda", "--cases", "1", "--precision", "fp16", "--only", "conv_wgmma_*", "--json"]);
        JsonElement result = Assert.Single(run.Json.EnumerateArray());
        Assert.Equal(9, result.GetProperty("operations").GetArrayLength());
        Assert.Equal(0, result.GetProperty("networks").GetArrayLength());
        library.Lungseg(["selftest", "--device", "cuda", "--only", "nothing*"]).Refused("no check matches 'nothing*'");
    }

    [Fact]
    public void What_is_measured_is_read_by_the_runs_after_it()
    {
        LargeTest.SkipUnlessWanted();
        string file = _directory["tuning.json"];
        Run tune = library.Lungseg(["tune", "--device", "cuda", "-o", file]);
        // The stub computes nothing: all results are alike, and the clock says 0.25 ms.
        Assert.Equal((0, ""), (tune.Exit, tune.Error));
        Assert.Contains("First stub: launch 25.0 us", tune.Output);
        Assert.Matches(@"conv_wgmma_f16_128x128_unfenced +\d+", tune.Output);
        Run bench = library.Lungseg(["bench", "pan", "--device", "cuda", "--runs", "1", "--json"], [("LUNGSEG_TUNING", file)]).Succeeded();
        Assert.Equal("cuda:0 (First stub), fp32", bench.Json.GetProperty("conditions").GetProperty("device").GetString());
        library.Lungseg(["bench", "pan", "--device", "cuda:1"], [("LUNGSEG_TUNING", file)]).Refused(
            "was measured on First stub, this is Second stub");
        File.WriteAllText(file, "{}");
        library.Lungseg(["bench", "pan", "--device", "cuda"], [("LUNGSEG_TUNING", file)]).Refused(
            $"the tuning file '{file}' cannot be read", "run lungseg tune");
        library.Lungseg(["tune", "--device", "cpu"]).Refused("expected --device cuda or cuda:N, found 'cpu'");
    }
}
