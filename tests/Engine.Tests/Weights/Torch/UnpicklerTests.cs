using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Tests.Weights.Torch;

public class UnpicklerTests
{
    /// <summary>Each case takes a tenth of a second; a machine that is busy with other tests takes longer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData("FloatStorage", DType.Float32, new byte[] { 0, 0, 0xC0, 0x3F }, 1.5f)]
    [InlineData("DoubleStorage", DType.Float64, new byte[] { 0, 0, 0, 0, 0, 0, 0xF8, 0x3F }, 1.5f)]
    [InlineData("HalfStorage", DType.Float16, new byte[] { 0, 0x3E }, 1.5f)]
    [InlineData("BFloat16Storage", DType.BFloat16, new byte[] { 0xC0, 0x3F }, 1.5f)]
    [InlineData("CharStorage", DType.Int8, new byte[] { 0xFE }, -2f)]
    [InlineData("ByteStorage", DType.UInt8, new byte[] { 0xFE }, 254f)]
    [InlineData("ShortStorage", DType.Int16, new byte[] { 0x02, 0x01 }, 258f)]
    [InlineData("IntStorage", DType.Int32, new byte[] { 0x02, 0x01, 0, 0 }, 258f)]
    [InlineData("LongStorage", DType.Int64, new byte[] { 0x02, 0x01, 0, 0, 0, 0, 0, 0 }, 258f)]
    [InlineData("BoolStorage", DType.Bool, new byte[] { 1 }, 1f)]
    public void Every_storage_is_read_in_either_byte_order_stored_or_deflated(string type, DType dtype, byte[] little, float expected)
    {
        byte[] pickle = PickleWriter.Protocol(2).Op('}').Text("a").Tensor(type, "0", 1).Op('s').Stop();
        foreach (CompressionLevel level in new[] { CompressionLevel.NoCompression, CompressionLevel.Optimal })
        {
            byte[] big = [.. little.Reverse()];
            Check(PickleWriter.Zip(pickle, [("data/0", little)], level));
            Check(PickleWriter.Zip(pickle, [("byteorder", "little"u8.ToArray()), ("data/0", little)], level));
            Check(PickleWriter.Zip(pickle, [("byteorder", "big"u8.ToArray()), ("data/0", big)], level));
        }

        void Check(byte[] file)
        {
            Parameter parameter = Checkpoint.Read(file, "test").Single();
            Assert.Equal([expected], parameter.Read());
            Assert.Equal(dtype, parameter.StoredAs);
        }
    }

    [Fact]
    public void A_large_deflated_checkpoint_goes_through_a_temporary_file_that_nobody_sees()
    {
        const int Count = 9 << 19;
        byte[] storage = new byte[4 * Count];
        new Random(5).NextBytes(storage.AsSpan(0, storage.Length / 2));
        byte[] pickle = PickleWriter.Protocol(2).Op('}').Text("a").Tensor("ByteStorage", "0", 4 * Count, 4, Count).Op('s').Stop();
        byte[] inner = PickleWriter.Zip(pickle, [("data/0", storage)]);
        var archive = new MemoryStream();
        using (var zip = new ZipArchive(archive, ZipArchiveMode.Create, leaveOpen: true))
        {
            using Stream entry = zip.CreateEntry("net/weights.pth", CompressionLevel.Fastest).Open();
            entry.Write(inner);
        }

        StateDict weights = Checkpoint.Read(archive.ToArray(), "test.zip");
        if (!OperatingSystem.IsWindows())
            Assert.DoesNotContain(Directory.GetFiles(Path.GetTempPath(), "lungseg-*"), path => new FileInfo(path).Length > Count);
        float[] values = weights.Single().Read();
        Assert.True(values.AsSpan().SequenceEqual(Array.ConvertAll(storage, b => (float)b)));
    }

    [Theory]
    [InlineData("module.", "module.conv.weight")]
    [InlineData("model.", "model.conv.weight")]
    [InlineData("net.", "net.conv.weight")]
    [InlineData("module.model.", "module.model.conv.weight")]
    [InlineData("", "conv.weight")]
    [InlineData("", "model.")]
    public void Prefixes_of_wrappers_are_taken_off(string prefix, string key)
    {
        byte[] pickle = PickleWriter.Protocol(2).Op('}').Text(key).Tensor("ByteStorage", "0", 1).Op('s').Stop();
        Assert.Equal(key[prefix.Length..], Read(pickle).Single().Key);
    }

    [Fact]
    public void A_prefix_that_not_every_key_has_stays()
    {
        byte[] pickle = PickleWriter.Protocol(2).Op('}').Text("model.a").Tensor("ByteStorage", "0", 1).Op('s')
            .Text("b").Tensor("ByteStorage", "0", 1).Op('s').Stop();
        Assert.Equal(["model.a", "b"], Read(pickle).Select(parameter => parameter.Key));
    }

    [Theory]
    [InlineData("os", "system")]
    [InlineData("posix", "system")]
    [InlineData("builtins", "eval")]
    [InlineData("builtins", "getattr")]
    [InlineData("torch.storage", "_load_from_bytes")]
    [InlineData("torch.hub", "load")]
    public void Calls_off_the_list_are_refused_by_name_however_they_are_made(string module, string name)
    {
        PickleWriter[] calls =
        [
            PickleWriter.Protocol(2).Global(module, name).Text("x").Raw(0x85).Op('R'),
            PickleWriter.Protocol(4).Text(module).Text(name).Raw(0x93).Text("x").Raw(0x85).Op('R'),
            PickleWriter.Protocol(2).Op('(').Global(module, name).Text("x").Op('o'),
            PickleWriter.Protocol(2).Op('(').Text("x").Op('i').Raw(Encoding.UTF8.GetBytes($"{module}\n{name}\n")),
            PickleWriter.Protocol(2).Global("torch._tensor", "_rebuild_from_type_v2").Op('(').Global(module, name)
                .Global("torch", "Tensor").Text("x").Raw(0x85).Op('}').Op('t').Op('R'),
        ];
        foreach (PickleWriter call in calls)
        {
            var error = Assert.Throws<CheckpointException>(() => Read(call.Stop()));
            Assert.Contains($"{module}.{name}", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_object_of_a_hostile_class_is_inert()
    {
        byte[] pickle = PickleWriter.Protocol(2).Op('}')
            .Text("x").Global("os", "system").Op(')').Raw(0x81).Op('}').Text("__setstate__").Global("os", "system").Op('s').Op('b').Op('s')
            .Text("a").Tensor("ByteStorage", "0", 1).Op('s').Stop();
        Assert.Equal("a", Read(pickle).Single().Key);
    }

    public static TheoryData<string, byte[]> Bombs
    {
        get
        {
            var bombs = new TheoryData<string, byte[]>
            {
                { "endless dictionaries", Repeat(PickleWriter.Protocol(2), 8_000_000, (byte)'}') },
                { "endless tuples", Repeat(PickleWriter.Protocol(2), 8_000_000, (byte)')', 0x85) },
                { "endless marks", Repeat(PickleWriter.Protocol(2), 8_000_000, (byte)'(') },
                { "endless doubling", Repeat(PickleWriter.Protocol(2).Op(']'), 10_000_000, (byte)'2', (byte)'a') },
                { "a promised string", PickleWriter.Protocol(4).Raw(0x8D, 0, 0, 0, 0, 0, 1, 0, 0).Stop() },
                { "a negative string", PickleWriter.Protocol(4).Raw(0x8D, 255, 255, 255, 255, 255, 255, 255, 255).Stop() },
                { "a huge integer", PickleWriter.Protocol(2).Raw(0x8B, 255, 255, 255, 127).Stop() },
                { "a far memo", PickleWriter.Protocol(2).Op('N').Raw((byte)'r', 255, 255, 255, 255).Stop() },
                { "a long line", Repeat(PickleWriter.Protocol(2).Op('c'), 100_000, (byte)'a') },
                { "no stack", PickleWriter.Protocol(2).Stop() },
                { "no mark", PickleWriter.Protocol(2).Op('t').Stop() },
                { "below a mark", PickleWriter.Protocol(2).Op('N').Op('(').Op('a').Stop() },
                { "a later protocol", PickleWriter.Protocol(6).Op('}').Stop() },
                { "an extension", PickleWriter.Protocol(2).Raw(0x82, 1).Stop() },
                { "itself", PickleWriter.Protocol(2).Op('}').Raw((byte)'q', 0).Text("state_dict").Raw((byte)'h', 0).Op('s').Stop() },
            };
            return bombs;
        }
    }

    [Theory]
    [MemberData(nameof(Bombs))]
    public void Bombs_are_refused_before_they_cost_much(string name, byte[] pickle)
    {
        byte[] file = PickleWriter.Zip(pickle, []);
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        Assert.Throws<CheckpointException>(() => Checkpoint.Read(file, name));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, 0, 200 << 20);
        Assert.True(Stopwatch.GetElapsedTime(start) < Patience, $"{Stopwatch.GetElapsedTime(start)}");
    }

    [Fact]
    public void Modules_that_hold_each_other_do_not_hang()
    {
        // A chain of modules, each of which holds the next one twice: two to the power of forty paths.
        PickleWriter writer = PickleWriter.Protocol(2);
        for (int i = 0; i <= 40; i++)
        {
            writer.Global("a", "Module").Op(')').Raw(0x81).Op('}').Text("_modules").Op('}');
            if (i > 0)
                writer.Text("l").Raw((byte)'h', (byte)(i - 1)).Op('s').Text("r").Raw((byte)'h', (byte)(i - 1)).Op('s');
            writer.Op('s').Op('b').Raw((byte)'q', (byte)i);
        }
        var error = Assert.Throws<CheckpointException>(() => Read(writer.Stop()));
        Assert.Contains("without end", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Colliding_keys_cost_no_more_than_others()
    {
        // The upper and lower halves of these numbers cancel out in long.GetHashCode.
        PickleWriter writer = PickleWriter.Protocol(2).Op('}').Op('(');
        for (int i = 0; i < 100_000; i++)
            writer.Raw(0x8A, 8).Raw(BitConverter.GetBytes(((long)i << 32) | (uint)i)).Op('N');
        long start = Stopwatch.GetTimestamp();
        Assert.Throws<CheckpointException>(() => Read(writer.Op('u').Stop()));
        Assert.True(Stopwatch.GetElapsedTime(start) < Patience);
    }

    [Fact]
    public void A_zip_bomb_is_refused()
    {
        byte[] pickle = PickleWriter.Protocol(2).Op('}').Text("a").Tensor("ByteStorage", "0", 64 << 20, 64 << 20).Op('s').Stop();
        byte[] file = PickleWriter.Zip(pickle, [("data/0", new byte[64 << 20])], CompressionLevel.Fastest);
        var error = Assert.Throws<CheckpointException>(() => Checkpoint.Read(file, "test").Single().Read());
        Assert.Contains("would grow", error.Message, StringComparison.Ordinal);
    }

    private static StateDict Read(byte[] pickle) => Checkpoint.Read(PickleWriter.Zip(pickle, [("data/0", [1])]), "test");

    private static byte[] Repeat(PickleWriter writer, int bytes, params byte[] pattern)
    {
        byte[] body = new byte[bytes];
        for (int i = 0; i < bytes; i++)
            body[i] = pattern[i % pattern.Length];
        return writer.Raw(body).Stop();
    }
}
