namespace LungSeg.Cli.Tests;

public sealed class WeightsCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_weights_that_ship_are_listed_and_hold()
    {
        string list = Lungseg.Run("weights", "list").Succeeded().Output;
        Assert.Contains("pan.safetensors", list);
        Assert.Contains("not the study's weights", list);
        Assert.Contains("pan.safetensors: ok", Lungseg.Run("weights", "verify").Succeeded().Output);
    }

    [Fact]
    public void Added_weights_are_found_by_their_network_and_a_change_to_them_is_noticed()
    {
        Run empty = Lungseg.Process(["segment", Repository.Sample, "-o", _directory["out"]], _directory["folder"]);
        empty.Refused("there are no weights of PAN", _directory["folder"]);

        string mine = _directory["mine.safetensors"];
        Lungseg.Run("convert", Repository.Pan, "-o", mine).Succeeded();
        Lungseg.Process(["weights", "add", mine], _directory["folder"]).Succeeded();
        Lungseg.Process(
            ["segment", Repository.Sample, "-o", _directory["out"], "--network", "pan", "--size", "128"], _directory["folder"]).Succeeded();
        Lungseg.Process(["weights", "verify"], _directory["folder"]).Succeeded();
        Lungseg.Process(["weights", "add", mine], _directory["folder"]).Refused("--force");

        string added = _directory["folder/mine.safetensors"];
        byte[] bytes = File.ReadAllBytes(added);
        bytes[^1] ^= 1;
        File.WriteAllBytes(added, bytes);
        Run changed = Lungseg.Process(["weights", "verify"], _directory["folder"]);
        Assert.Equal(1, changed.Exit);
        Assert.Contains("has changed", changed.Output);
    }

    [Fact]
    public void What_is_no_converted_file_is_not_added() =>
        Lungseg.Process(["weights", "add", Repository.Checkpoint("state_dict_zip.pth")], _directory["folder"]).Refused("fit none");
}
