using LungSeg.Imaging;

namespace LungSeg.Cli.Tests;

public sealed class SegmentCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_readme_s_first_command_writes_a_mask_and_an_overlay_and_prints_one_line()
    {
        Run run = Lungseg.Process(["segment", Repository.Sample, "-o", _directory["out"]]).Succeeded();
        Assert.Equal([Path.Combine("out", "radiograph.mask.png"), Path.Combine("out", "radiograph.overlay.png")], _directory.Files);
        string line = Assert.Single(run.Output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
        foreach (string word in (string[])["1024 x 1024", "PAN", "512 x 512", "read", "preprocess", "network", "postprocess", "lung 3"])
            Assert.Contains(word, line);

        Run compared = Lungseg.Run(
            "compare", _directory["out/radiograph.mask.png"], Repository.PathOf("samples", "radiograph.mask.png"), "--json");
        Assert.InRange(compared.Succeeded().Json[0].GetProperty("dice").GetDouble(), 0.95, 1);
        Radiograph overlay = ImageReader.Read(_directory["out/radiograph.overlay.png"]);
        Assert.Equal((1024, 1024, 3), (overlay.Width, overlay.Height, overlay.Channels));
    }

    [Fact]
    public void The_number_of_threads_and_the_weights_option_change_no_byte()
    {
        Lungseg.Run("segment", Repository.Sample, "-o", _directory["a"], "--threads", "1", "--size", "256").Succeeded();
        Lungseg.Run("segment", Repository.Sample, "-o", _directory["b"], "--threads", "3", "--size", "256", "--weights", Repository.Pan)
            .Succeeded();
        foreach (string file in (string[])["radiograph.mask.png", "radiograph.overlay.png"])
            Assert.Equal(File.ReadAllBytes(_directory[$"a/{file}"]), File.ReadAllBytes(_directory[$"b/{file}"]));
    }

    [Fact]
    public void Upstream_masks_are_512_by_512_and_probabilities_have_16_bits()
    {
        string[] options = ["--mode", "study", "--network", "PAN", "--format", "mask,probabilities"];
        Lungseg.Run(["segment", Repository.Sample, "-o", _directory.Name, .. options]).Succeeded();
        Radiograph mask = ImageReader.Read(_directory["radiograph.mask.png"]);
        Radiograph map = ImageReader.Read(_directory["radiograph.probabilities.png"]);
        Assert.Equal((512, 512, 1), (mask.Width, mask.Height, mask.Channels));
        Assert.Equal(16, map.BitDepth);
        Assert.Equal([0, 255], mask.Samples.ToArray().Distinct().Order().Select(s => (int)s));
    }

    [Theory]
    [InlineData("study", "upstream")]
    [InlineData("native", "fixed")]
    public void The_mode_has_its_former_name_too(string mode, string former)
    {
        string[] arguments = ["segment", Repository.Sample, "--size", "128", "--format", "mask", "-o"];
        Lungseg.Run([.. arguments, _directory["new"], "--mode", mode]).Succeeded();
        Lungseg.Run([.. arguments, _directory["old"], "--compat", former]).Succeeded();
        Assert.Equal(File.ReadAllBytes(_directory["new/radiograph.mask.png"]), File.ReadAllBytes(_directory["old/radiograph.mask.png"]));
        Lungseg.Run([.. arguments, _directory["both"], "--compat", former, "--mode", mode]).Refused("--compat", "--mode alone");
        Lungseg.Run([.. arguments, _directory["both"], "--compat", mode]).Refused("--compat: expected fixed or upstream");
        // It is in no help, and nobody is led to it.
        Assert.DoesNotContain("compat", Lungseg.Run("segment", "--help").Succeeded().Output);
        Assert.Equal("", Lungseg.Run("[complete]", "segment --comp").Succeeded().Output);
        Assert.DoesNotContain("--compat", Lungseg.Run("segment", Repository.Sample, "--comapt", former).Error);
    }

    [Fact]
    public void Of_a_DICOM_file_every_choice_is_told()
    {
        string file = Repository.PathOf("tests", "data", "dicom", "read", "frames.dcm");
        Lungseg.Run("segment", file, "-o", _directory.Name, "--size", "128").Refused("--frame");
        Run run = Lungseg.Run("segment", file, "-o", _directory.Name, "--size", "128", "--frame", "2", "--invert", "on", "--voi", "none")
            .Succeeded();
        foreach (string words in (string[])["frame: 2 of 3", "inversion: on, as asked", "VOI: none, the whole range", "spacing: "])
            Assert.Contains(words, run.Output);
    }

    [Fact]
    public void A_threshold_of_1_finds_no_lung_and_says_so()
    {
        Run run = Lungseg.Run("segment", Repository.Sample, "-o", _directory.Name, "--threshold", "1", "--size", "128").Succeeded();
        Assert.Contains("no lung found", run.Output);
    }

    [Fact]
    public void Of_several_images_the_good_ones_are_done_and_the_exit_code_is_1()
    {
        string text = _directory.Write("text.png", "no image"u8.ToArray());
        Run run = Lungseg.Run("segment", Repository.Sample, text, "-o", _directory["out"], "--size", "128");
        Assert.Equal(1, run.Exit);
        Assert.Contains("radiograph.mask.png", run.Output);
        Assert.Contains("text.png", run.Error);
        Assert.True(File.Exists(_directory["out/radiograph.mask.png"]));
    }
}
