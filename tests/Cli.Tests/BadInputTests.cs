using LungSeg.Imaging;

namespace LungSeg.Cli.Tests;

/// <summary>Whatever is wrong: one line, exit 2, no file.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Bad_images_are_refused()
    {
        byte[] sample = File.ReadAllBytes(Repository.Sample);
        (string Path, string[] Words)[] images =
        [
            (_directory["missing.png"], ["missing.png", "no such file"]),
            (Directory.CreateDirectory(_directory["folder"]).FullName, ["no image was found"]),
            (_directory.Write("empty.png", []), ["empty.png", "empty"]),
            (_directory.Write("truncated.png", sample[..(sample.Length / 2)]), ["truncated.png"]),
            (_directory.Write("text.png", "hello"u8.ToArray()), ["text.png", "not an image"]),
            (_directory.Write("one.png", ImageWriter.EncodePng(1, 1, 1, [0])), ["1 x 1", "too small"]),
            (_directory.Write("none.png", BadImages.PngThatClaims(0, 0)), ["none.png"]),
            (_directory.Write("huge.png", BadImages.PngThatClaims(20_000, 20_000)), ["20000 x 20000", "megapixels"]),
        ];
        int before = _directory.Files.Length;
        foreach ((string path, string[] words) in images)
            Lungseg.Run("segment", path, "-o", _directory["out"], "--size", "128").Refused(words);
        Assert.Equal(before, _directory.Files.Length);
        Assert.False(Directory.Exists(_directory["out"]));
    }

    [Theory]
    [InlineData("deplabv3", "did you mean 'deeplabv3'")]
    [InlineData("resnet", "expected one of unet")]
    public void An_unknown_network_is_refused_with_the_nearest_name(string network, string words)
    {
        Segment("--network", network).Refused(words);
        Lungseg.Run("info", network).Refused(words);
        Lungseg.Run("bench", network).Refused(words);
    }

    [Fact]
    public void Weights_of_another_network_are_refused()
    {
        Segment("--weights", Repository.Pan, "--network", "unet").Refused("'pan'", "'unet'");
        Segment("--weights", Repository.Checkpoint("state_dict_zip.pth")).Refused("fit none of the nine networks");
        Segment("--weights", _directory["missing.safetensors"]).Refused("missing.safetensors");
        Segment("--weights", _directory.Name).Refused(_directory.Name);
    }

    [Fact]
    public void A_network_without_weights_says_how_to_get_them() =>
        Segment("--network", "unet").Refused("U-Net", "10.5281/zenodo.8393555", "lungseg convert", "weights add");

    [Theory]
    [InlineData("--threads", "0", "1 to 256")]
    [InlineData("--threads", "many", "'many'")]
    [InlineData("--threads", "257", "1 to 256")]
    [InlineData("--size", "500", "multiples of 32")]
    [InlineData("--size", "96", "at least 128")]
    [InlineData("--size", "-32", "'-32'")]
    [InlineData("--threshold", "1.5", "from 0 to 1")]
    [InlineData("--threshold", "NaN", "from 0 to 1")]
    [InlineData("--mode", "other", "native or study")]
    [InlineData("--device", "abacus", "'abacus'")]
    [InlineData("--precision", "fp8", "'fp8'")]
    [InlineData("--format", "mask,pdf", "unknown format 'pdf': expected one or more of mask,overlay")]
    [InlineData("--voi", "window", "auto or none or minmax")]
    [InlineData("--frame", "0", "--frame")]
    [InlineData("--colour", "red", "--colour")]
    public void A_bad_option_is_refused(string option, string value, string words)
    {
        Segment(option, value).Refused(words);
        Assert.Empty(_directory.Files);
    }

    [Fact]
    public void An_output_directory_that_cannot_be_is_refused()
    {
        string file = _directory.Write("file", [1]);
        Lungseg.Run("segment", Repository.Sample, "-o", file, "--size", "128").Refused("is a file");
        Lungseg.Run("segment", Repository.Sample, "-o", Path.Combine(file, "below"), "--size", "128").Refused("is a file");
        Lungseg.Run("convert", Repository.Pan, "-o", Path.Combine(file, "out.safetensors")).Refused("cannot be written");
        Lungseg.Run("convert", Repository.Pan, "-o", _directory["no/such/out.safetensors"]).Refused("cannot be written");
        Assert.Equal(["file"], _directory.Files);
    }

    [Fact]
    public void Two_images_of_one_name_are_refused() =>
        Lungseg.Run("segment", Repository.Sample, _directory.Write("radiograph.png", [1]), "-o", _directory["out"])
            .Refused("radiograph.png", "both be written");

    [Fact]
    public void An_image_that_a_result_would_replace_is_refused()
    {
        string image = _directory["a.png"], mask = _directory.Write("a.mask.png", [1]);
        File.Copy(Repository.Sample, image);
        Lungseg.Run("segment", image, mask, "-o", _directory.Name, "--size", "128").Refused("a.mask.png", "a.png", "another -o");
        Assert.Equal([1], File.ReadAllBytes(mask));
        Assert.Equal(["a.mask.png", "a.png"], _directory.Files);
    }

    [Theory]
    [InlineData("segment", "")]
    [InlineData("segment", "a.png", "-o", "")]
    [InlineData("evaluate", "")]
    [InlineData("info", "")]
    [InlineData("verify", "a", "--weights", "")]
    [InlineData("compare", "a", "")]
    public void An_empty_argument_is_refused(params string[] args) => Lungseg.Run(args).Refused("an argument is empty");

    [Theory]
    [InlineData("segmnt")]
    [InlineData("segment")]
    [InlineData("convert")]
    [InlineData("weights")]
    [InlineData("compare", "one")]
    [InlineData("info", "--graph")]
    public void A_bad_command_line_is_refused(params string[] args) => Lungseg.Run(args).Refused();

    [Theory]
    [InlineData("hostile_os_system.pth")]
    [InlineData("hostile_plain_pickle.pth")]
    [InlineData("truncated_half.pth")]
    [InlineData("truncated_tail.pth")]
    [InlineData("short_storage.pth")]
    [InlineData("empty.pth")]
    [InlineData("text.pth", "Git LFS")]
    [InlineData("bad_json.safetensors")]
    [InlineData("bad_offsets.safetensors")]
    [InlineData("bad_shape.safetensors")]
    [InlineData("huge_header.safetensors")]
    public void A_bad_checkpoint_is_refused(string name, string words = "")
    {
        Lungseg.Run("convert", Repository.Checkpoint(name), "-o", _directory["out.safetensors"], "--any").Refused(words);
        Lungseg.Run("info", Repository.Checkpoint(name)).Refused(words);
        Assert.Empty(_directory.Files);
    }

    [Fact]
    public void Each_checkpoint_of_a_split_archive_is_refused()
    {
        Lungseg.Run(
            "convert", Repository.Checkpoint("spanned.pth"), "-o", _directory["out.safetensors"], "--any").Refused("split into several");
        Assert.Empty(_directory.Files);
    }

    [Fact]
    public void A_golden_file_without_a_case_is_refused() =>
        Lungseg.Run("verify", Repository.Checkpoint("golden_no_sizes.safetensors")).Refused("golden_no_sizes.safetensors", "sizes");

    [Fact]
    public void A_list_with_a_null_character_is_refused_with_its_line()
    {
        string list = _directory.Write("list.txt", "a.png\nb\0.png\n"u8.ToArray());
        Lungseg.Run("segment", $"@{list}", "-o", _directory["out"]).Refused("line 2", "list.txt", "null character");
        Assert.Equal(["list.txt"], _directory.Files);
    }

    [Theory]
    [InlineData(">&-", "the standard output is closed")]
    [InlineData(">/dev/full", "no space is left on the disk")]
    public void An_output_that_cannot_be_written_is_one_line(string redirection, string words)
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "no /dev/full");
        foreach (string command in (string[])["info", "--version", "--help", "kernels --json", $"inspect '{Repository.Sample}'"])
        {
            Run run = Lungseg.Shell($"{command} {redirection}");
            Assert.Equal((2, $"lungseg: the output cannot be written: {words}{Environment.NewLine}"), (run.Exit, run.Error));
        }
    }

    [Fact]
    public void A_closed_error_stream_leaves_the_exit_code()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "a Unix shell's way");
        foreach (string redirection in (string[])["2>&-", ">&- 2>&-"]) Assert.Equal(2, Lungseg.Shell($"segmnt {redirection}").Exit);
    }

    [Fact]
    public void Bad_input_is_refused_by_the_real_program_too()
    {
        Lungseg.Process(["segment", _directory["missing.png"]]).Refused("missing.png");
        Lungseg.Process(["segment", Repository.Sample, "--threads", "0"]).Refused("--threads");
    }

    private Run Segment(params string[] options) => Lungseg.Run(["segment", Repository.Sample, "-o", _directory["out"], .. options]);
}
