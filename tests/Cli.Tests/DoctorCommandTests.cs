using System.Text.Json;

namespace LungSeg.Cli.Tests;

public sealed class DoctorCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Everything_works_here()
    {
        JsonElement json = Lungseg.Run("doctor", "--json").Succeeded().Json;
        Assert.True(json.GetProperty("works").GetBoolean());
        string[] good = [.. json.GetProperty("findings").EnumerateArray()
            .Where(f => f.GetProperty("verdict").GetString() is "ok" or "none")
            .Select(f => f.GetProperty("subject").GetString()!)];
        string[] subjects = ["program", "GPU", "weights", "self-test", "memory", "output", "temporary", "environment", "terminal"];
        foreach (string subject in subjects)
            Assert.Contains(subject, good);
    }

    [Fact]
    public void What_is_wrong_is_told_with_what_to_do_and_exit_1()
    {
        File.Copy(Repository.PathOf("weights", "manifest.json"), _directory["manifest.json"]);
        byte[] weights = File.ReadAllBytes(Repository.Pan);
        weights[^1] ^= 1;
        File.WriteAllBytes(_directory["pan.safetensors"], weights);
        Run run = Lungseg.Process(["doctor"], _directory.Name, environment: [("LUNGSEG_DEVICE", "abacus"), ("DOTNET_EnableAVX2", "0")]);
        Assert.Equal(1, run.Exit);
        string[] problems = [.. run.Output.Split(Environment.NewLine).Where(line => line.StartsWith("problem", StringComparison.Ordinal))];
        // The manifest lists four files, of which the folder has one, changed.
        Assert.Equal(5, problems.Length);
        Assert.Contains(problems, line => line.Contains("pan.safetensors has changed"));
        Assert.Contains(problems, line => line.Contains("'abacus'"));
        Assert.Contains("unset LUNGSEG_DEVICE", run.Output);
        Assert.Contains("5 problems", run.Output);
        Assert.Contains("is not the file whose output was recorded", run.Output);
        if (System.Runtime.Intrinsics.X86.Avx2.IsSupported) Assert.Contains("unset DOTNET_EnableAVX2", run.Output);
    }
}
