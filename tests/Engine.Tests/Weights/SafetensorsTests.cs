using System.Text;
using CsCheck;
using LungSeg.Engine.Weights;
using LungSeg.IO;

namespace LungSeg.Engine.Tests.Weights;

public class SafetensorsTests
{
    private static readonly Gen<Parameter> AnyParameter =
        Gen.Select(Gen.String[Gen.Char.AlphaNumeric, 1, 12], Gen.Int[0, 5].Array[0, 4]).SelectMany((key, dims) =>
            Gen.Float.Array[dims.Aggregate(1, (product, dim) => product * dim)].Select(values => new Parameter(key, dims, () => values)));

    [Fact]
    public void What_is_written_is_read_back_exactly() =>
        AnyParameter.List[0, 6].Sample(list =>
        {
            using var directory = new TemporaryDirectory();
            StateDict written = new(list.DistinctBy(parameter => parameter.Key), new Dictionary<string, string> { ["é\"\n"] = "\u0001" });
            RoundingReport report = Safetensors.Write(directory["a.safetensors"], written, written.Metadata);
            Assert.Equal(new RoundingReport(0, null, 0, null), report);
            StateDict read = Safetensors.Read(directory["a.safetensors"]);
            WeightData.AssertSame(written, read);
            Assert.Equal(written.Select(parameter => parameter.Key), read.Select(parameter => parameter.Key));
            Assert.Equal(written.Metadata, read.Metadata);
        }, iter: 100);

    [Fact]
    public void The_same_weights_give_the_same_bytes_in_an_aligned_file()
    {
        using var directory = new TemporaryDirectory();
        StateDict weights = Safetensors.Read(WeightData.Checkpoint("expected_state_dict.safetensors"));
        Safetensors.Write(directory["a"], weights, new Dictionary<string, string> { ["b"] = "2", ["a"] = "1" }, DType.Float16);
        Safetensors.Write(directory["b"], weights, new Dictionary<string, string> { ["a"] = "1", ["b"] = "2" }, DType.Float16);
        Assert.Equal(File.ReadAllBytes(directory["a"]), File.ReadAllBytes(directory["b"]));
        Assert.Equal(0UL, BitConverter.ToUInt64(File.ReadAllBytes(directory["a"])) % 8);
        Assert.Equal(2, directory.Files.Length);
    }

    [Fact]
    public void Sixteen_bits_round_and_tell_what_was_lost()
    {
        using var directory = new TemporaryDirectory();
        Parameter[] weights =
        [
            new("fine", [2], () => [1f, 0.5f]),
            new("odd", [3], () => [1.0001f, 70_000f, float.PositiveInfinity]),
            new("steps", [], () => [100_001f], DType.Int64),
        ];
        RoundingReport half = Safetensors.Write(directory["half"], weights, dtype: DType.Float16);
        Assert.Equal(("odd", 1L, "odd"), (half.LargestErrorKey, half.Overflows, half.OverflowKey));
        Assert.Equal(1.0001f - 1.0, half.LargestError, 1e-9);
        StateDict read = Safetensors.Read(directory["half"]);
        Assert.Equal(["fine", "odd", "steps"], read.Select(parameter => parameter.Key));
        Assert.True(read.TryGet("steps", out Parameter? steps));
        Assert.Equal([100_001f], steps.Read());

        RoundingReport brain = Safetensors.Write(directory["brain"], weights, dtype: DType.BFloat16);
        Assert.Equal(0, brain.Overflows);
        Assert.Equal(Math.Abs(70_000 - 70_144), brain.LargestError);
        Assert.Throws<ArgumentException>(() => Safetensors.Write(directory["x"], weights, dtype: DType.Int8));
    }

    [Fact]
    public void Float16_values_agree_with_Half_bit_for_bit()
    {
        byte[] bytes = new byte[2 * 65_536];
        for (int i = 0; i < 65_536; i++)
            BitConverter.TryWriteBytes(bytes.AsSpan(2 * i), (ushort)i);
        float[] values = ReadRaw("F16", 65_536, bytes);
        for (int i = 0; i < 65_536; i++)
            Assert.Equal(BitConverter.SingleToInt32Bits((float)BitConverter.UInt16BitsToHalf((ushort)i)),
                BitConverter.SingleToInt32Bits(values[i]));
    }

    [Fact]
    public void BFloat16_rounds_to_the_nearest_and_ties_to_even() =>
        Gen.Float.Sample(value =>
        {
            float rounded = BFloat16.ToSingle(BFloat16.FromSingle(value));
            if (float.IsNaN(value))
                return float.IsNaN(rounded);
            uint bits = BitConverter.SingleToUInt32Bits(value);
            float below = BitConverter.UInt32BitsToSingle(bits & 0xFFFF0000),
                above = BitConverter.UInt32BitsToSingle((bits & 0xFFFF0000) + 0x10000);
            uint rest = bits & 0xFFFF;
            bool up = rest > 0x8000 || (rest == 0x8000 && (bits & 0x10000) != 0);
            return rounded.Equals(up ? above : below);
        });

    [Theory]
    [InlineData("I8", DType.Int8, new byte[] { 0xFF, 0x7F }, new[] { -1f, 127f })]
    [InlineData("U8", DType.UInt8, new byte[] { 0xFF, 0x7F }, new[] { 255f, 127f })]
    [InlineData("BOOL", DType.Bool, new byte[] { 0, 1 }, new[] { 0f, 1f })]
    [InlineData("I16", DType.Int16, new byte[] { 0xFE, 0xFF, 1, 1 }, new[] { -2f, 257f })]
    [InlineData("U16", DType.UInt16, new byte[] { 0xFE, 0xFF, 1, 1 }, new[] { 65_534f, 257f })]
    [InlineData("I32", DType.Int32, new byte[] { 0xFE, 0xFF, 0xFF, 0xFF }, new[] { -2f })]
    [InlineData("U32", DType.UInt32, new byte[] { 0, 0, 0, 0x80 }, new[] { 2_147_483_648f })]
    [InlineData("I64", DType.Int64, new byte[] { 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF }, new[] { -2f })]
    [InlineData("U64", DType.UInt64, new byte[] { 0, 0, 0, 0, 0, 0, 0, 0x80 }, new[] { 9_223_372_036_854_775_808f })]
    [InlineData("F64", DType.Float64, new byte[] { 0, 0, 0, 0, 0, 0, 0xF8, 0x3F }, new[] { 1.5f })]
    [InlineData("BF16", DType.BFloat16, new byte[] { 0xC0, 0x3F }, new[] { 1.5f })]
    public void Other_types_become_float32(string name, DType dtype, byte[] bytes, float[] expected)
    {
        Assert.Equal(expected, ReadRaw(name, expected.Length, bytes));
        Assert.Equal(dtype, Parse($$"""{"a":{"dtype":"{{name}}","shape":[{{expected.Length}}],"data_offsets":[0,{{bytes.Length}}] } }""",
            bytes).Single().StoredAs);
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""",
        "begins at byte 0")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "begins at byte 4")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "belong to nothing")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}""", "the data has 8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "does not fit")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[8,0]}}""", "bad number")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,0]}}""", "does not fit")]
    [InlineData("""{"a":{"dtype":"F32","shape":[0,9223372036854775807],"data_offsets":[0,0]}}""", "does not fit")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}}""", "bad number")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}""", "bad number")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2]}}""", "needs")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}""", "unknown field")]
    [InlineData("""{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}""", "F8_E4M3")]
    [InlineData("""{"a":[]}""", "StartObject expected")]
    [InlineData("""{"__metadata__":{"a":1}}""", "String expected")]
    [InlineData("""{} {}""", "JSON")]
    [InlineData(""" {}""", "begin with")]
    [InlineData("""{"a""", "JSON")]
    [InlineData("", "begin with")]
    public void Bad_headers_are_refused(string header, string reason)
    {
        var error = Assert.Throws<CheckpointException>(() => Parse(header, new byte[8]));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bad_json.safetensors")]
    [InlineData("bad_offsets.safetensors")]
    [InlineData("bad_shape.safetensors")]
    [InlineData("huge_header.safetensors")]
    [InlineData("empty.pth")]
    [InlineData("absent.safetensors")]
    [InlineData("")]
    public void Bad_files_are_refused(string name) =>
        Assert.Throws<CheckpointException>(() => Safetensors.Read(WeightData.Checkpoint(name)));

    [Fact]
    public void A_file_that_is_cut_short_while_in_use_is_an_error_not_a_crash()
    {
        using var directory = new TemporaryDirectory();
        File.Copy(WeightData.Golden("pan"), directory["a"]);
        StateDict weights = Safetensors.Read(directory["a"]);
        if (OperatingSystem.IsWindows())
            Assert.Skip("Windows does not let anybody cut an open file.");
        using (var cut = new FileStream(directory["a"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            cut.SetLength(100);
        var error = Assert.Throws<CheckpointException>(() => weights.Last().Read());
        Assert.Contains("cut short", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_left_behind_when_writing_fails()
    {
        using var directory = new TemporaryDirectory();
        Parameter[] weights = [new("a", [2], () => [1f])];
        Assert.Throws<WeightException>(() => Safetensors.Write(directory["a"], weights));
        Assert.Empty(directory.Files);
        Assert.Throws<FileException>(() => Safetensors.Write(directory["no/such/directory"], []));
        Parameter a = new("a", [], () => [1f]);
        Assert.Throws<WeightException>(() => Safetensors.Write(directory["a"], [a, a]));
    }

    internal static byte[] Bytes(string header, byte[] data)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        return [.. BitConverter.GetBytes((ulong)json.Length), .. json, .. data];
    }

    private static StateDict Parse(string header, byte[] data) => SafetensorsReader.Read(new MemoryBytes("test", Bytes(header, data)));

    private static float[] ReadRaw(string dtype, int count, byte[] data) =>
        Parse($$"""{"a":{"dtype":"{{dtype}}","shape":[{{count}}],"data_offsets":[0,{{data.Length}}] } }""", data).Single().Read();
}
