using System.Text.Json;

namespace LungSeg.Cli.Tests;

public sealed class KernelsCommandTests
{
    [Fact]
    public void Kernels_are_listed_with_target_threads_and_tile()
    {
        string output = Lungseg.Run("kernels").Succeeded().Output;
        Assert.Matches(@"conv_simt_f32_128x128 +sm_60 +f32 +256 +\d+ +128 x 128 x 8", output);
        Assert.Matches(@"conv_wgmma_f16_64x64 +sm_90a +f16 ", output);
        Assert.Contains("The driver compiles them", output);
    }

    [Fact]
    public void Kernels_are_written_as_files_and_as_json()
    {
        using var directory = new TemporaryDirectory();
        string target = directory["ptx"];
        using JsonDocument listed = JsonDocument.Parse(Lungseg.Run("kernels", "--dump", target, "--json").Succeeded().Output);
        string[] names = [.. listed.RootElement.EnumerateArray().Select(kernel => kernel.GetProperty("name").GetString()!)];
        Assert.Equal(
            names.Select(name => $"{name}.ptx").Order(StringComparer.Ordinal),
            Directory.GetFiles(target).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.All(names, name => Assert.Contains($".visible .entry {name}(", File.ReadAllText(Path.Combine(target, $"{name}.ptx"))));
    }

    [Fact]
    public void A_file_in_place_of_the_directory_is_refused()
    {
        using var directory = new TemporaryDirectory();
        string file = directory["ptx"];
        File.WriteAllText(file, "");
        Lungseg.Run("kernels", "--dump", file).Refused("is a file");
    }

    [Fact]
    public void A_directory_in_place_of_a_file_is_refused_and_no_other_file_is_written()
    {
        using var directory = new TemporaryDirectory();
        Directory.CreateDirectory(directory["add_f32.ptx"]);
        Lungseg.Run("kernels", "--dump", directory.Name).Refused("add_f32.ptx", "is a directory");
        Assert.Empty(directory.Files);
    }
}
