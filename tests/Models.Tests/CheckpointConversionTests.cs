using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Tests;

public sealed class CheckpointConversionTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lungseg-conversion-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void The_weights_that_ship_are_what_the_manifest_says_and_fit_their_network()
    {
        var folder = new WeightsFolder(TestData.InRepository("weights"));
        Assert.Equal(["pan", "deeplabv3plus", "pan", "deeplabv3plus"], folder.Entries.Select(entry => entry.Network));
        foreach (WeightsEntry entry in folder.Entries)
        {
            Assert.Equal(entry.Sha256, WeightsHash.OfFile(folder.PathOf(entry)));
            NetworkWeights weights = NetworkWeights.Open(null, folder.PathOf(entry));
            Assert.Equal(entry.Network, weights.Network.Key);
            weights.Network.Load(weights.StateDict);
            Assert.Equal("no", weights.StateDict.Metadata["study_file"]);
        }
        Assert.Equal("pan", NetworkWeights.Open(null, null).Network.Key);
    }

    [Theory, InlineData("pan"), InlineData("deeplabv3plus")]
    public void The_weights_that_ship_are_converted_from_the_checkpoint_byte_for_byte(string network)
    {
        string source = TestData.Shared("weights", $"{network}.pth"), target = Path.Combine(_directory.FullName, $"{network}.safetensors");
        CheckpointConversion.Run(source, target, new ConversionOptions { DType = DType.Float16 });
        byte[] shipped = File.ReadAllBytes(TestData.InRepository("weights", $"{network}.safetensors")), made = File.ReadAllBytes(target);
        // The header names the version that converted the file.
        (string Header, byte[] Values) before = Parts(shipped), now = Parts(made);
        Assert.Equal(before.Header, now.Header);
        Assert.Equal(before.Values, now.Values);

        static (string Header, byte[] Values) Parts(byte[] file)
        {
            int length = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
            string header = Encoding.UTF8.GetString(file, 8, length);
            return (Regex.Replace(header, @"""converter"":""lungseg \d+\.\d+\.\d+"",", "").TrimEnd(), file[(8 + length)..]);
        }
    }

    [Fact]
    public void Values_that_overflow_are_refused_and_leave_no_file()
    {
        string source = Path.Combine(_directory.FullName, "large.safetensors"),
            target = Path.Combine(_directory.FullName, "small.safetensors");
        Safetensors.Write(source, [new Parameter("w", [2], () => [1f, 1e5f])]);
        WeightException e = Assert.Throws<WeightException>(
            () => CheckpointConversion.Run(source, target, new ConversionOptions { DType = DType.Float16, Any = true }));
        Assert.Contains("'w'", e.Message);
        Assert.Equal([source], Directory.GetFiles(_directory.FullName));
        Assert.Equal(0, CheckpointConversion.Run(source, target,
            new ConversionOptions { DType = DType.BFloat16, Any = true }).Rounding.Overflows);
    }

    [Fact]
    public void An_added_file_is_found_first_and_the_manifest_survives_a_round_trip()
    {
        var folder = new WeightsFolder(_directory.FullName);
        string pan = TestData.InRepository("weights", "pan.safetensors");
        Architecture network = Architectures.Get("pan");
        Assert.Null(folder.TryFind(network));
        folder.Add(pan, new WeightsEntry("pan.safetensors", "pan", "test", "0", "none") { Note = "a \"note\"" }, overwrite: false);
        folder.Add(pan, new WeightsEntry("other.safetensors", "pan", "test", "1", "none"), overwrite: false);
        Assert.Throws<CheckpointException>(() => folder.Add(pan, folder.Entries[0], overwrite: false));

        var again = new WeightsFolder(_directory.FullName);
        Assert.Equal(folder.Entries, again.Entries);
        Assert.Equal(Path.Combine(_directory.FullName, "other.safetensors"), again.TryFind(network));
        Assert.Empty(again.Unlisted);
    }
}
