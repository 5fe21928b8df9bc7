using System.Text.Json;
using CsCheck;
using LungSeg.Imaging;

namespace LungSeg.Cli.Tests;

public sealed class CompareCommandTests : IDisposable
{
    private const int Side = 40;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Dice_and_iou_are_those_of_the_definition()
    {
        string a = _directory["a.png"], b = _directory["b.png"];
        Gen.Select(Gen.Bool.Array[Side * Side], Gen.Bool.Array[Side * Side]).Sample((x, y) =>
        {
            Write(a, x, 255);
            Write(b, y, 255);
            JsonElement result = Lungseg.Run("compare", a, b, "--json").Succeeded().Json[0];
            int both = x.Zip(y).Count(p => p.First && p.Second), either = x.Zip(y).Count(p => p.First || p.Second);
            Assert.Equal(2.0 * both / (x.Count(v => v) + y.Count(v => v)), result.GetProperty("dice").GetDouble(), 12);
            Assert.Equal((double)both / either, result.GetProperty("iou").GetDouble(), 12);
            Assert.Equal(either - both, result.GetProperty("differing_pixels").GetInt32());
            Assert.Equal((either - both) / (double)(Side * Side), result.GetProperty("mean_difference").GetDouble(), 12);
        }, iter: 20, threads: 1);
    }

    [Fact]
    public void Masks_of_0_and_1_count_as_masks_and_empty_ones_agree()
    {
        Write(_directory["a.png"], [.. Enumerable.Range(0, Side * Side).Select(i => i < 100)], 255);
        Write(_directory["b.png"], [.. Enumerable.Range(0, Side * Side).Select(i => i < 100)], 1);
        Write(_directory["c.png"], new bool[Side * Side], 255);
        Assert.Equal(1, Dice("a.png", "b.png"));
        Assert.Equal(1, Dice("c.png", "c.png"));
        Assert.Equal(0, Dice("a.png", "c.png"));
    }

    [Fact]
    public void Folders_are_compared_by_name_and_differences_are_drawn()
    {
        foreach (string folder in (string[])["a", "b"]) Directory.CreateDirectory(_directory[folder]);
        Write(_directory["a/1.png"], [.. Enumerable.Range(0, Side * Side).Select(i => i < 100)], 255);
        Write(_directory["b/1.png"], [.. Enumerable.Range(0, Side * Side).Select(i => i < 300)], 255);
        Write(_directory["a/2.png"], [.. Enumerable.Range(0, Side * Side).Select(i => i < 50)], 255);
        Write(_directory["b/2.png"], [.. Enumerable.Range(0, Side * Side).Select(i => i < 50)], 255);
        Write(_directory["b/3.png"], new bool[Side * Side], 255);
        Run run = Lungseg.Run("compare", _directory["a"], _directory["b"], "-o", _directory["difference"]);
        Assert.Equal(0, run.Exit);
        Assert.Contains("mean 0.7500, worst 0.5000 (1.png)", run.Output);
        Assert.Contains("3.png", run.Error);
        Radiograph image = ImageReader.Read(_directory["difference/1.difference.png"]);
        Assert.Equal([255, 255, 255], image.Samples[..3].ToArray().Select(s => (int)s));
        Assert.Equal([0, 114, 178], image.Samples.Slice(3 * 200, 3).ToArray().Select(s => (int)s));
    }

    [Fact]
    public void Of_the_results_of_two_runs_masks_and_maps_are_compared()
    {
        foreach (string folder in (string[])["a", "b"])
        {
            const string Formats = "mask,overlay,contour,probabilities,npy,json,sc";
            Lungseg.Run("segment", Repository.Sample, "-o", _directory[folder], "--size", "128", "--format", Formats).Succeeded();
        }
        Run run = Lungseg.Run("compare", _directory["a"], _directory["b"], "-o", _directory["difference"]).Succeeded();
        Assert.Contains("Dice of 3: mean 1.0000", run.Output);
        Assert.Equal(
            [
                "radiograph.mask.difference.png", "radiograph.probabilities.npy.difference.png",
                "radiograph.probabilities.png.difference.png",
            ],
            Directory.EnumerateFiles(_directory["difference"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_cannot_be_compared_is_refused()
    {
        Write(_directory["a.png"], new bool[Side * Side], 255);
        ImageWriter.WritePng(_directory["wide.png"], 2 * Side, Side, 1, new byte[2 * Side * Side]);
        byte[] colour = new byte[3 * Side * Side];
        for (int i = 0; i < colour.Length; i++) colour[i] = (byte)(i * 7);
        ImageWriter.WritePng(_directory["colour.png"], Side, Side, 3, colour);
        Lungseg.Run("compare", _directory["a.png"], _directory["wide.png"]).Refused("40 x 40", "80 x 40");
        Lungseg.Run("compare", _directory["a.png"], _directory["colour.png"]).Refused("colour");
        Lungseg.Run("compare", _directory["a.png"], _directory.Name).Refused("folder");
        Lungseg.Run("compare", _directory["a.png"], _directory["missing.png"]).Refused("missing.png");
        Lungseg.Run("compare", _directory["a.png"], Repository.Pan).Refused("'output'");
    }

    private double Dice(string a, string b) =>
        Lungseg.Run("compare", _directory[a], _directory[b], "--json").Succeeded().Json[0].GetProperty("dice").GetDouble();

    private static void Write(string path, bool[] lung, byte value) =>
        ImageWriter.WritePng(path, Side, Side, 1, Array.ConvertAll(lung, l => l ? value : (byte)0));
}
