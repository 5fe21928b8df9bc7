using System.Text.Json;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Cpu.Int8;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Reference;

namespace LungSeg.Cli.Tests;

public sealed class SelfTestCommandTests
{
    private static bool HasGpu
    {
        get
        {
            try
            {
                return CudaDevice.List().Count > 0;
            }
            catch (DeviceException)
            {
                return false;
            }
        }
    }

    [Fact]
    public void The_processor_passes_its_self_test()
    {
        Run run = Lungseg.Run("selftest", "--cases", "2", "--networks", "pan", "--goldens", Repository.PathOf("tests", "data", "golden"))
            .Succeeded();
        Assert.Contains("cases of operations and 3 runs of networks pass", run.Output);
        Assert.Contains("PyTorch, native", run.Output);
    }

    [Fact]
    public void Without_goldens_a_network_is_compared_with_the_reference()
    {
        using var directory = new TemporaryDirectory();
        Lungseg.Run("selftest", "--goldens", directory["none"]).Refused("no golden files");
        JsonElement result = Lungseg.Run("selftest", "--cases", "1", "--networks", "fpn", "--json").Succeeded().Json[0];
        Assert.Equal("reference", result.GetProperty("networks")[0].GetProperty("against").GetString());
        Assert.Equal("fp32", result.GetProperty("precision").GetString());
        IEnumerable<JsonElement> operations = result.GetProperty("operations").EnumerateArray();
        Assert.All(operations, operation => Assert.InRange(operation.GetProperty("worst_share_of_bound").GetDouble(), 0, 1));
        Assert.True(result.GetProperty("holds").GetBoolean());
    }

    [Fact]
    public void The_processor_computes_integers_on_every_path_bit_for_bit()
    {
        Run run = Lungseg.Run("selftest", "--cases", "1", "--only", "int8*").Succeeded();
        int paths = IntegerPaths.Of(InstructionSets.Best).Count;
        Assert.Contains($"all {paths * OperationCases.Names.Count} cases of operations and 0 runs of networks pass", run.Output);
        Assert.Contains(IntegerPaths.Of(InstructionSets.Best)[^1].Name(), run.Output);
        JsonElement one = Lungseg.Run("selftest", "--cases", "2", "--only", "int8 conv2d 1x1", "--json").Succeeded().Json[0];
        JsonElement operation = Assert.Single(one.GetProperty("operations").EnumerateArray());
        Assert.Equal("int8 conv2d 1x1", operation.GetProperty("name").GetString());
        Assert.Equal(2 * paths, operation.GetProperty("cases").GetInt32());
        Assert.Equal(0, operation.GetProperty("worst_share_of_bound").GetDouble());
        Lungseg.Run("selftest", "--device", "reference", "--only", "int8*").Refused("no check matches 'int8*'");
    }

    [Fact]
    public void A_device_that_is_not_there_is_one_line_and_never_another_device()
    {
        Assert.SkipWhen(HasGpu, "this machine has a GPU");
        Lungseg.Run("selftest", "--device", "cuda").Refused("no CUDA here: ");
        Lungseg.Run("segment", Repository.Sample, "--device", "cuda:1").Refused("no CUDA here: ");
        Run auto = Lungseg.Run("selftest", "--device", "auto", "--cases", "1", "--networks", "none");
        Assert.Equal(0, auto.Exit);
        Assert.Matches("lungseg: --device auto chose CPU, .*: no CUDA here: ", auto.Error);
        Lungseg.Run("bench", "pan", "--device", "auto", "--precision", "fp16").Refused(
            "--precision fp16 needs a working GPU: no CUDA here: ");
    }

    [Fact]
    public void Precisions_and_devices_that_do_not_go_together_are_refused()
    {
        Lungseg.Run("verify", Repository.Golden("pan"), "--precision", "fp16").Refused("--device cpu supports fp32 and int8");
        Lungseg.Run("bench", "pan", "--device", "reference", "--precision", "tf32").Refused("--device reference supports fp32 and int8");
        Lungseg.Run("segment", Repository.Sample, "--precision", "fp8").Refused(
            "--precision: expected fp32 or tf32 or fp16 or int8 or auto, found 'fp8'");
        Lungseg.Run("bench", "pan", "--device", "cuda", "--precision", "int8").Refused("--precision int8 runs on the CPU: --device cpu");
        Lungseg.Run("segment", Repository.Sample, "--device", "gpu").Refused(
            "unknown device 'gpu': expected cpu, cuda, cuda:N, auto or reference");
    }
}
