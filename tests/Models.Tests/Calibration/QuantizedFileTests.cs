using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using LungSeg.Engine;
using LungSeg.IO;

namespace LungSeg.Models.Tests.Calibration;

/// <summary>
/// Quantised weights that were damaged or made by hand: one line that names what is wrong, since a weight that does not fit would be
/// computed as another one, and differently on each processor.
/// </summary>
public sealed class QuantizedFileTests : IDisposable
{
    private const string Table = "lungseg.quantization";
    private static readonly byte[] Shipped = File.ReadAllBytes(TestData.InRepository("weights", "pan.int8.safetensors"));
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lungseg-quantized-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void The_file_as_it_ships_is_taken() => Load(Changed((_, _) => { }));

    [Theory]
    [InlineData("weight", 64, "integers from -63 to 63 expected, found 64")]
    [InlineData("weight", 128, "integers from -63 to 63 expected, found -128")]
    [InlineData("weight_scale", 0, "scales above 0 expected, found 0")]
    [InlineData("weight_scale", 0xFF, "scales above 0 expected, found NaN")]
    [InlineData("bias", 0xFF, "finite numbers expected, found NaN")]
    public void Numbers_that_integers_have_no_place_for_are_refused(string kind, int value, string words)
    {
        string file = Changed((header, data) =>
        {
            (_, JsonNode entry) = Entry(header, kind);
            int start = entry["data_offsets"]![0]!.GetValue<int>();
            data.AsSpan(start, kind == "weight" ? 1 : 4).Fill((byte)value);
        });
        Refused(file, words);
    }

    [Theory]
    [InlineData("""{"version":2}""", "version 1 expected, found 2")]
    [InlineData("""{"version":1,"activations":{}}""", "do not say how the network is quantised")]
    [InlineData("""{"version":1,"activations":{},"float":{}}""", "does not say how the result of")]
    [InlineData("""{"version":1,"activations":{"nowhere":{"scale":1,"zero":0}},"float":{}}""", "a layer 'nowhere'")]
    [InlineData("""{"version":1,"activations":{"input":{"scale":0,"zero":0}},"float":{}}""", "do not say how the network is quantised")]
    [InlineData("""{"version":1,"activations":{"input":{"scale":1,"zero":256}},"float":{}}""", "do not say how the network is quantised")]
    [InlineData("""{"version":1,"activations":[],"float":{}}""", "do not say how the network is quantised")]
    [InlineData("[", "do not say how the network is quantised")]
    public void A_table_that_is_not_this_network_s_is_refused(string table, string words) =>
        Refused(Changed((header, _) => { header["__metadata__"]![Table] = table; }), words);

    [Theory]
    [InlineData("weight")]
    [InlineData("weight_scale")]
    public void A_part_that_is_missing_is_named(string kind)
    {
        string name = "";
        Refused(Changed((header, _) =>
        {
            // Under another name: a file with a gap is refused before.
            (name, JsonNode entry) = Entry(header, kind);
            header[$"other.{kind}"] = entry.DeepClone();
            header.Remove(name);
        }), "lack", () => name);
    }

    [Fact]
    public void A_part_that_is_not_of_the_network_is_named() => Refused(Changed((header, _) =>
    {
        (string name, JsonNode entry) = Entry(header, "bias");
        header["stranger.bias"] = entry.DeepClone();
        header.Remove(name);
    }), "stranger.bias");

    [Fact]
    public void No_change_of_the_table_ends_in_anything_but_a_line()
    {
        var random = new Random(20261130);
        string good = Header()["__metadata__"]![Table]!.GetValue<string>();
        int refused = 0;
        for (int round = 0; round < 60; round++)
        {
            var table = new StringBuilder(good);
            for (int i = 0; i < 3; i++)
            {
                int at = random.Next(table.Length);
                if (random.Next(2) == 0) table[at] = "0123456789-.eE{}[],:\"nulltrue"[random.Next(28)];
                else table.Remove(at, Math.Min(random.Next(1, 40), table.Length - at));
            }
            try
            {
                Load(Changed((header, _) => { header["__metadata__"]![Table] = table.ToString(); }));
            }
            catch (LungSegException)
            {
                refused++;
            }
        }
        Assert.True(refused > 30, $"{refused} of 60 refused");
    }

    private static JsonObject Header()
    {
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(Shipped);
        return JsonNode.Parse(Shipped.AsSpan(8, length))!.AsObject();
    }

    // The first convolution in integers, of which there is everything.
    private static (string Name, JsonNode Entry) Entry(JsonObject header, string kind)
    {
        string layer = header.First(pair => pair.Value?["dtype"]?.GetValue<string>() == "I8").Key[..^".weight".Length];
        return ($"{layer}.{kind}", header[$"{layer}.{kind}"]!);
    }

    private string Changed(Action<JsonObject, byte[]> change)
    {
        JsonObject header = Header();
        byte[] data = Shipped[(8 + (int)BinaryPrimitives.ReadInt64LittleEndian(Shipped))..];
        change(header, data);
        byte[] written = Encoding.UTF8.GetBytes(header.ToJsonString());
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, written.Length);
        string path = Path.Combine(_directory.FullName, "pan.int8.safetensors");
        File.WriteAllBytes(path, [.. length, .. written, .. data]);
        return path;
    }

    private static void Load(string file)
    {
        using LungSegmenter segmenter = LungSegmenter.Load(new LungSegmenterOptions
        {
            WeightsFile = file,
            Precision = Precision.Int8,
            Threads = 1,
        });
    }

    private static void Refused(string file, string words, Func<string>? more = null)
    {
        var e = Assert.ThrowsAny<LungSegException>(() => Load(file));
        Assert.Contains(words, e.Message);
        if (more is not null) Assert.Contains(more(), e.Message);
        Assert.DoesNotContain('\n', e.Message);
    }
}
