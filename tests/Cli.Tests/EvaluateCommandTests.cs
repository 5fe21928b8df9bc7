using System.Text.Json;
using LungSeg.Imaging;

namespace LungSeg.Cli.Tests;

public sealed class EvaluateCommandTests : IDisposable
{
    private const int Side = 64;

    private readonly TemporaryDirectory _directory = new();

    public EvaluateCommandTests()
    {
        foreach (string folder in (string[])["images/deep", "masks/deep", "made/deep"]) Directory.CreateDirectory(_directory[folder]);
        foreach (string name in (string[])["a", "b", "deep/c"]) Square(_directory[$"images/{name}.png"], 0, Side, grey: 90);
        // The three ways to name a mask; 20 columns of 20 rows each.
        Square(_directory["masks/a.png"], 10, 20);
        Square(_directory["masks/b.mask.png"], 10, 20);
        Square(_directory["masks/deep/c_mask.png"], 10, 20);
        Square(_directory["made/a.mask.png"], 10, 20);
        Square(_directory["made/b.mask.png"], 15, 20);
        Square(_directory["made/deep/c.mask.png"], 0, 0);
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Masks_made_before_are_measured_image_by_image()
    {
        JsonElement json = Evaluate("--json", "-o", _directory["out"]).Succeeded().Json;
        JsonElement made = Assert.Single(json.GetProperty("networks").EnumerateArray());
        JsonElement[] images = [.. made.GetProperty("images").EnumerateArray()];
        Assert.Equal(["a", "b", "deep/c"], images.Select(p => p.GetProperty("name").GetString()));
        Assert.Equal([1, 0.75, 0], images.Select(p => p.GetProperty("dice").GetDouble()));
        Assert.Equal([1, 0.6, 0], images.Select(p => p.GetProperty("iou").GetDouble()));
        Assert.Equal(5, images[1].GetProperty("hausdorff95_px").GetDouble());
        Assert.Equal(JsonValueKind.Null, images[2].GetProperty("surface_px").ValueKind);
        Assert.Equal(JsonValueKind.Null, images[1].GetProperty("surface_mm").ValueKind);
        JsonElement dice = made.GetProperty("summary").GetProperty("dice");
        Assert.Equal(1.75 / 3, dice.GetProperty("mean").GetDouble(), 12);
        Assert.Equal(0.75, dice.GetProperty("median").GetDouble());
        Assert.Equal(0, dice.GetProperty("worst").GetDouble());
        Assert.InRange(dice.GetProperty("low").GetDouble(), 0, 0.5);
        Assert.InRange(dice.GetProperty("high").GetDouble(), 0.75, 1);
        Assert.Equal(2, made.GetProperty("summary").GetProperty("surface_px").GetProperty("images").GetInt32());

        string[] csv = File.ReadAllLines(_directory["out/evaluation.csv"]);
        Assert.Equal(4, csv.Length);
        Assert.StartsWith("network,image,width,height,row_mm,column_mm,dice,iou,", csv[0]);
        Assert.StartsWith("made,b,64,64,,,0.75,0.6,0.75,0.75,", csv[2]);
        Assert.StartsWith("made,deep/c,64,64,,,0,0,0,0,,,,,400,0,", csv[3]);
        Radiograph figure = ImageReader.Read(_directory["out/evaluation.png"]);
        Assert.Equal((1280, 3), (figure.Width, figure.Channels));
        Assert.Equal(json.ToString(), JsonDocument.Parse(File.ReadAllText(_directory["out/evaluation.json"])).RootElement.ToString());
    }

    [Fact]
    public void Every_run_writes_the_same_bytes()
    {
        Evaluate("-o", _directory["one"]).Succeeded();
        Evaluate("-o", _directory["two"]).Succeeded();
        foreach (string file in (string[])["evaluation.csv", "evaluation.json", "evaluation.png"])
            Assert.Equal(File.ReadAllBytes(_directory[$"one/{file}"]), File.ReadAllBytes(_directory[$"two/{file}"]));
    }

    [Fact]
    public void Of_several_folders_the_union_is_the_reference()
    {
        Directory.CreateDirectory(_directory["right"]);
        Square(_directory["right/a.png"], 40, 20);
        Run run = Lungseg.Run(
            "evaluate", _directory["images"], _directory["masks"], _directory["right"], "--predictions", _directory["made"], "--json");
        Assert.Equal(0, run.Exit);
        Assert.Contains("without a mask", run.Error);
        JsonElement a = Assert.Single(run.Json.GetProperty("networks")[0].GetProperty("images").EnumerateArray());
        Assert.Equal((1, 0.5), (a.GetProperty("precision").GetDouble(), a.GetProperty("recall").GetDouble()));
    }

    [Fact]
    public void What_has_no_partner_is_told_and_what_fails_does_not_stop_the_others()
    {
        File.WriteAllText(_directory["images/b.png"], "no image");
        File.Delete(_directory["made/deep/c.mask.png"]);
        Square(_directory["images/alone.png"], 0, Side, grey: 90);
        Square(_directory["masks/nobody.png"], 10, 20);
        Run run = Evaluate("-o", _directory["out"]);
        Assert.Equal(1, run.Exit);
        Assert.Contains("without a mask", run.Error);
        Assert.Contains("alone", run.Error);
        Assert.Contains("masks without an image: nobody", run.Error);
        Assert.Contains("not an image", run.Error);
        Assert.Contains("'deep/c' has no prediction", run.Error);
        Assert.Contains("failed: 2", run.Output);
        string[] csv = File.ReadAllLines(_directory["out/evaluation.csv"]);
        Assert.Equal(["a", "b", "deep/c"], csv.Skip(1).Select(line => line.Split(',')[1]));
        Assert.Contains("not an image", csv[2]);
    }

    [Fact]
    public void A_network_is_measured_as_segment_would_write_its_mask()
    {
        string mask = Repository.PathOf("samples", "radiograph.mask.png");
        JsonElement json = Lungseg.Run("evaluate", Repository.Sample, mask, "--size", "256", "--threshold-sweep", "--json")
            .Succeeded().Json;
        JsonElement pan = json.GetProperty("networks")[0];
        double dice = pan.GetProperty("images")[0].GetProperty("dice").GetDouble();
        Lungseg.Run("segment", Repository.Sample, "-o", _directory["out"], "--size", "256").Succeeded();
        JsonElement compared = Lungseg.Run("compare", mask, _directory["out/radiograph.mask.png"], "--json").Succeeded().Json[0];
        Assert.Equal(compared.GetProperty("dice").GetDouble(), dice);
        Assert.Equal("efficientnet-b0", pan.GetProperty("encoder").GetString());
        JsonElement half = pan
            .GetProperty("sweep")
            .EnumerateArray()
            .Single(s => Math.Abs(s.GetProperty("threshold").GetDouble() - 0.5) < 1e-6);
        Assert.Equal(dice, half.GetProperty("dice").GetDouble());
    }

    [Fact]
    public void The_study_s_masks_of_512_by_512_are_measured_on_the_image()
    {
        JsonElement json = Lungseg.Run(
            "evaluate", Repository.Sample, Repository.PathOf("samples", "radiograph.mask.png"), "--mode", "study", "--json")
            .Succeeded().Json;
        Assert.InRange(json.GetProperty("networks")[0].GetProperty("images")[0].GetProperty("dice").GetDouble(), 0.95, 1);
    }

    [Fact]
    public void A_sweep_finds_the_threshold_and_warns_of_choosing_it()
    {
        foreach (string name in (string[])["a", "b", "deep/c"])
        {
            ushort[] values = new ushort[Side * Side];
            for (int i = 0; i < values.Length; i++)
                values[i] = Inside(i, 10, 20) ? (ushort)55000 : Inside(i, 30, 20) ? (ushort)45000 : (ushort)0;
            ImageWriter.WritePng(_directory[$"made/{name}.probabilities.png"], new Radiograph(Side, Side, 1, 16, values));
        }
        Run run = Evaluate("--threshold-sweep", "-o", _directory["out"]).Succeeded();
        Assert.Contains("best threshold 0.70, Dice 1.0000", run.Output);
        Assert.Contains("choose the threshold on other images", run.Output);
        Assert.Contains("0.50 0.6667", run.Output);
        // Without a sweep a map stands in for a mask that is not there.
        File.Delete(_directory["made/deep/c.mask.png"]);
        Assert.Equal(
            2.0 / 3, Evaluate("--json")
                .Succeeded().Json
                .GetProperty("networks")[0]
                .GetProperty("images")[2]
                .GetProperty("dice")
                .GetDouble(), 12);
    }

    [Fact]
    public void All_that_segment_writes_can_lie_among_the_predictions()
    {
        string[] dicom = [.. Directory.EnumerateFiles(Repository.PathOf("tests", "data", "dicom", "read"), "native12*.dcm").Take(1)];
        Directory.CreateDirectory(_directory["scans"]);
        File.Copy(dicom[0], _directory["scans/scan.dcm"]);
        string formats = "mask,overlay,contour,probabilities,npy,json,coco,geojson,seg,sc";
        Lungseg.Run("segment", _directory["scans/scan.dcm"], "-o", _directory["scans"], "--size", "128", "--format", formats).Succeeded();
        foreach (string[] more in (string[][])[[], ["--threshold-sweep"]])
        {
            JsonElement json = Lungseg.Run(["evaluate", _directory["scans"], "--predictions", _directory["scans"], "--json", .. more])
                .Succeeded().Json;
            JsonElement image = Assert.Single(json.GetProperty("networks")[0].GetProperty("images").EnumerateArray());
            Assert.Equal("scan", image.GetProperty("name").GetString());
            Assert.True(more.Length > 0 || image.GetProperty("dice").GetDouble() == 1);
        }
    }

    [Fact]
    public void Results_are_shown_even_where_their_files_cannot_be_written()
    {
        Directory.CreateDirectory(_directory["out/evaluation.csv"]);
        Run run = Evaluate("-o", _directory["out"]);
        Assert.Equal(2, run.Exit);
        Assert.Contains("Dice", run.Output);
        Assert.Contains("evaluation.csv", run.Error);
    }

    [Fact]
    public void All_networks_are_those_with_weights_and_the_others_are_named()
    {
        Run run = Lungseg.Run(
            "evaluate", Repository.Sample, Repository.PathOf("samples", "radiograph.mask.png"), "--network", "all", "--size", "128");
        Assert.Equal(0, run.Exit);
        Assert.Contains("no weights for them: unet, unetplusplus", run.Error);
        Assert.Contains("no weights", run.Output);
        Assert.Contains("se_resnext101_32x4d", run.Output);
    }

    [Fact]
    public void Masks_in_int8_are_compared_with_those_in_fp32()
    {
        string[] evaluate = ["evaluate", Repository.Sample, Repository.PathOf("samples", "radiograph.mask.png"), "--precision", "int8"];
        JsonElement json = Lungseg.Run([.. evaluate, "--json", "-o", _directory["out"]]).Succeeded().Json;
        JsonElement network = json.GetProperty("networks")[0];
        JsonElement image = network.GetProperty("images")[0];
        double agreement = image.GetProperty("agreement").GetDouble();
        Assert.InRange(agreement, 0.99, 0.999999);
        Assert.Equal(agreement, network.GetProperty("agreement").GetProperty("mean").GetDouble());
        Assert.NotEqual(image.GetProperty("dice_fp32").GetDouble(), image.GetProperty("dice").GetDouble());
        string[] csv = File.ReadAllLines(_directory["out/evaluation.csv"]);
        int column = Array.IndexOf(csv[0].Split(','), "agreement");
        Assert.Equal(agreement, double.Parse(csv[1].Split(',')[column], System.Globalization.CultureInfo.InvariantCulture), 1e-9);
        JsonElement inFloat = Lungseg.Run([.. evaluate[..^2], "--json"]).Succeeded().Json
            .GetProperty("networks")[0].GetProperty("images")[0];
        Assert.Equal(image.GetProperty("dice_fp32").GetDouble(), inFloat.GetProperty("dice").GetDouble());
        Assert.False(inFloat.TryGetProperty("agreement", out _));
    }

    [Fact]
    public void What_cannot_be_evaluated_is_refused()
    {
        string images = _directory["images"], masks = _directory["masks"];
        Lungseg.Run("evaluate", images, masks, "--network", "unet").Refused("U-Net", "10.5281/zenodo.8393555");
        Lungseg.Run("evaluate", images, masks, "--network", "pan,unett").Refused("did you mean 'unet'");
        Lungseg.Run("evaluate", images, masks, "--network", "all", "--weights", Repository.Pan).Refused("one network");
        Lungseg.Run("evaluate", images).Refused("has a mask", "NAME_mask.png");
        Lungseg.Run("evaluate", images, _directory["nowhere"]).Refused("nowhere");
        Lungseg.Run("evaluate", Repository.Sample).Refused("name a mask");
        Directory.CreateDirectory(_directory["nothing"]);
        Lungseg.Run("evaluate", _directory["nothing"]).Refused("no image was found", "nothing");
        Evaluate("--network", "pan").Refused("--network", "--predictions");
        Evaluate("-o", _directory["masks/a.png"]).Refused("is a file");
        Run sweep = Evaluate("--threshold-sweep");
        Assert.Equal(2, sweep.Exit);
        Assert.Contains("has no prediction", sweep.Error);
        Square(_directory["images/a.bmp.png"], 0, Side, grey: 90);
        File.Move(_directory["images/a.bmp.png"], _directory["images/a.jpg"]);
        Evaluate().Refused("two images are named 'a'");
    }

    [Fact]
    public void A_mask_that_is_none_or_of_another_shape_is_told()
    {
        byte[] dark = [.. Enumerable.Range(0, Side * Side).Select(i => (byte)(Inside(i, 10, 20) ? 100 : i == 0 ? 99 : 0))];
        ImageWriter.WritePng(_directory["masks/a.png"], Side, Side, 1, dark);
        ImageWriter.WritePng(_directory["masks/b.mask.png"], 2 * Side, Side, 1, new byte[2 * Side * Side]);
        Run run = Evaluate();
        Assert.Equal(1, run.Exit);
        Assert.Contains("a mask with black and white", run.Error);
        Assert.Contains("128 x 64", run.Error);
        Assert.Contains("another aspect ratio", run.Error);
    }

    [Fact]
    public void A_mask_of_several_labels_is_refused_by_name_or_all_of_it_is_lung()
    {
        foreach ((int one, int other) in new[] { (127, 255), (100, 200), (1, 2) })
        {
            byte[] labels =
                [.. Enumerable.Range(0, Side * Side).Select(i => (byte)(Inside(i, 10, 10) ? one : Inside(i, 20, 10) ? other : 0))];
            ImageWriter.WritePng(_directory["masks/a.png"], Side, Side, 1, labels);
            Run refused = Evaluate();
            Assert.Equal(1, refused.Exit);
            Assert.Contains($"3 labels (0, {one}, {other})", refused.Error);
            Assert.Contains("--labels union", refused.Error);
            JsonElement images = Evaluate("--labels", "union", "--json").Succeeded().Json.GetProperty("networks")[0].GetProperty("images");
            Assert.Equal([1, 0.75, 0], images.EnumerateArray().Select(p => p.GetProperty("dice").GetDouble()));
            string mask = _directory["made/a.mask.png"];
            Lungseg.Run("compare", _directory["masks/a.png"], mask).Refused("3 labels", "--labels union");
            Assert.Equal(
                1, Lungseg.Run("compare", _directory["masks/a.png"], mask, "--labels", "union", "--json")
                    .Succeeded().Json[0]
                    .GetProperty("dice")
                    .GetDouble());
        }
    }

    [Fact]
    public void What_a_mask_says_to_ignore_is_not_counted()
    {
        Directory.CreateDirectory(_directory["ignore"]);
        // Of b, columns 10 to 29 are lung and 15 to 34 were predicted; without those under 15 and over 29 both are the same.
        Square(_directory["ignore/b.png"], 0, 15);
        JsonElement json = Evaluate("--ignore", _directory["ignore"], "--json").Json;
        Assert.Equal(
            [1, 30.0 / 35, 0],
            json.GetProperty("networks")[0].GetProperty("images").EnumerateArray().Select(p => p.GetProperty("dice").GetDouble()));
        byte[] rest = [.. Enumerable.Range(0, Side * Side).Select(i => (byte)(i % Side is < 15 or > 29 ? 255 : 0))];
        ImageWriter.WritePng(_directory["ignore/b.png"], Side, Side, 1, rest);
        Run run = Evaluate("--ignore", _directory["ignore"]);
        Assert.Equal(0, run.Exit);
        Assert.Contains("counted whole, without a mask in", run.Error);
        Assert.Equal(
            1, Evaluate("--ignore", _directory["ignore"], "--json").Json
                .GetProperty("networks")[0]
                .GetProperty("images")[1]
                .GetProperty("dice")
                .GetDouble());
        Evaluate("--ignore", _directory["nowhere"]).Refused("nowhere", "--ignore");
    }

    private Run Evaluate(params string[] more) =>
        Lungseg.Run(["evaluate", _directory["images"], _directory["masks"], "--predictions", _directory["made"], .. more]);

    private static bool Inside(int i, int left, int width) => i % Side >= left && i % Side < left + width && i / Side is >= 10 and < 30;

    private static void Square(string path, int left, int width, byte grey = 255) =>
        ImageWriter.WritePng(
            path, Side, Side, 1, [.. Enumerable.Range(0, Side * Side).Select(i => Inside(i, left, width) ? grey : (byte)0)]);
}
