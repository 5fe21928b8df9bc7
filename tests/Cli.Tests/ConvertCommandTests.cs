namespace LungSeg.Cli.Tests;

public sealed class ConvertCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_same_input_gives_the_same_bytes_and_16_bits_that_were_16_bits_stay_exact()
    {
        Run run = Lungseg.Run("convert", Repository.Pan, "-o", _directory["a.safetensors"], "--dtype", "fp16").Succeeded();
        Assert.Contains("network   PAN (pan)", run.Output);
        Assert.Contains("not one of the study's files", run.Output);
        Assert.Contains("rounding  to fp16: exact", run.Output);
        Lungseg.Run("convert", Repository.Pan, "-o", _directory["b.safetensors"], "--dtype", "fp16").Succeeded();
        Assert.Equal(File.ReadAllBytes(_directory["a.safetensors"]), File.ReadAllBytes(_directory["b.safetensors"]));

        Run coarse = Lungseg.Run("convert", Repository.Pan, "-o", _directory["c.safetensors"], "--dtype", "bf16").Succeeded();
        Assert.Contains("rounding  to bf16: largest error", coarse.Output);
    }

    [Fact]
    public void A_file_that_is_there_is_replaced_only_by_force()
    {
        string target = _directory.Write("out.safetensors", [1, 2, 3]);
        Lungseg.Run("convert", Repository.Pan, "-o", target).Refused("--force");
        Assert.Equal([1, 2, 3], File.ReadAllBytes(target));
        Lungseg.Run("convert", Repository.Pan, "-o", target, "--force").Succeeded();
        Lungseg.Run("info", target).Succeeded();
        Lungseg.Run("convert", target, "-o", target, "--force").Refused("would replace the checkpoint");
    }

    [Fact]
    public void Weights_of_no_network_are_refused_by_what_was_found_unless_any_is_asked_for()
    {
        string target = _directory["any.safetensors"];
        Lungseg.Run("convert", Repository.Checkpoint("state_dict_zip.pth"), "-o", target).Refused(
            "fit none of the nine", "expected an encoder, a decoder and a segmentation head", "found");
        Lungseg.Run("convert", Repository.Pan, "-o", target, "--network", "unet").Refused("encoder.");
        Assert.Empty(_directory.Files);
        Run run = Lungseg.Run("convert", Repository.Checkpoint("state_dict_zip.pth"), "-o", target, "--any").Succeeded();
        Assert.Contains("none of the nine", run.Output);
    }

    [Fact]
    public void A_checkpoint_in_an_archive_has_the_hash_of_the_checkpoint()
    {
        Run plain = Lungseg.Run("convert", Repository.Checkpoint("state_dict_zip.pth"), "-o", _directory["a.safetensors"], "--any")
            .Succeeded();
        Run archived = Lungseg.Run("convert", Repository.Checkpoint("archive_of_pth.zip"), "-o", _directory["b.safetensors"], "--any")
            .Succeeded();
        Assert.Contains("zip archive", archived.Output);
        Assert.Equal(Hash(plain), Hash(archived));
        static string Hash(Run run) => run.Output[(run.Output.IndexOf("sha256", StringComparison.Ordinal) + 7)..][..64];
    }

    [Fact]
    public void Without_a_name_the_file_is_named_after_its_network()
    {
        Lungseg.Process(["convert", Repository.Pan], workingDirectory: _directory.Name).Succeeded();
        Assert.Equal(["pan.safetensors"], _directory.Files);
    }
}
