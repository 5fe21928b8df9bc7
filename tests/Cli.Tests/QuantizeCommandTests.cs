using System.Text.Json;
using LungSeg.Engine;
using LungSeg.Engine.Weights;
using LungSeg.Imaging;
using LungSeg.Models;

namespace LungSeg.Cli.Tests;

/// <summary>A small network with formula weights, quantised as a user does it.</summary>
public sealed class QuantizeCommandTests : IDisposable
{
    private const int Images = 15, Side = 64;
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_quantised_network_has_bytes_and_says_how_it_was_made()
    {
        (string weights, string images) = (SaveNetwork(), SaveImages());
        string[] quantize =
        [
            "quantize", "--weights", weights, "--images", images, "-o", _directory["made.safetensors"], "--threads", "1", "--force",
        ];
        Run run = Lungseg.Run(quantize);
        Assert.InRange(run.Exit, 0, 1);
        Assert.Contains("12 to calibrate with, 3 held out", run.Output);
        byte[] first = File.ReadAllBytes(_directory["made.safetensors"]);
        Assert.True(first.Length < 0.4 * new FileInfo(weights).Length, $"{first.Length} bytes");

        StateDict made = Safetensors.Read(_directory["made.safetensors"]);
        Parameter[] integers = [.. made.Where(parameter => parameter.StoredAs == DType.Int8)];
        Assert.True(integers.Length > 40, $"{integers.Length} weights in bytes");
        Assert.All(integers, weight =>
        {
            Assert.All(weight.Read(), value => Assert.InRange(value, -Quantization.WeightLimit, Quantization.WeightLimit));
            Assert.True(made.TryGet($"{weight.Key}_scale", out Parameter? scale));
            Assert.Equal([weight.Dims[0]], scale.Dims);
            Assert.All(scale.Read(), value => Assert.True(value > 0));
        });
        QuantizationTable table = QuantizationTable.Parse(made.Metadata[QuantizationTable.MetadataKey]);
        Assert.NotEmpty(table.Nodes);
        JsonElement json = JsonDocument.Parse(made.Metadata[QuantizationTable.MetadataKey]).RootElement;
        Assert.Equal(Images, json.GetProperty("images").GetArrayLength() + json.GetProperty("held_out").GetArrayLength());
        Assert.InRange(json.GetProperty("agreement").GetProperty("mean").GetDouble(), 0, 1);

        // Again, and the file must not be there.
        Lungseg.Run([.. quantize[..^1]]).Refused("is there already", "--force");
        Lungseg.Run(quantize);
        Assert.Equal(first, File.ReadAllBytes(_directory["made.safetensors"]));
    }

    [Fact]
    public void What_cannot_be_calibrated_is_refused()
    {
        string weights = SaveNetwork();
        Lungseg.Run("quantize", "--weights", weights, "--drawn", "3").Refused("10 images or more", "--drawn N");
        Lungseg.Run("quantize", "--weights", weights, "--images", _directory["none"]).Refused("does not exist");
        string images = SaveImages();
        Lungseg.Run("quantize", "--weights", weights, "--images", images, "--held-out", images).Refused("give each image once");
        Assert.Empty(Directory.GetFiles(_directory.Name, "*.int8.safetensors"));
    }

    private string SaveImages()
    {
        string folder = _directory["images"];
        Directory.CreateDirectory(folder);
        for (int seed = 1; seed <= Images; seed++)
        {
            (Radiograph image, LungMask _) = SyntheticRadiograph.Draw(Side, Side, seed);
            ImageWriter.WritePng(Path.Combine(folder, $"{seed:00}.png"), Side, Side, 1, image.To8Bit());
        }
        return folder;
    }

    private string SaveNetwork()
    {
        var recorder = new LayoutRecorder();
        new Network("Unet", "mobilenet_v2", new NetworkOptions { Classes = 1, DecoderChannels = [16, 16, 8, 8, 8] }).Build(recorder);
        var source = new SyntheticWeights("quantize/");
        string path = _directory["weights.safetensors"];
        Safetensors.Write(path, recorder.Asked.Select(asked => source.Get(asked.Key, [.. asked.Dims])), new Dictionary<string, string>
        {
            ["architecture"] = "Unet",
            ["encoder"] = "mobilenet_v2",
            ["options"] = "activation=sigmoid",
            ["input_size"] = "64",
        });
        return path;
    }
}
