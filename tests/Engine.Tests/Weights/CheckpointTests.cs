using System.Diagnostics;
using System.IO.Compression;
using LungSeg.Engine.Tests.Weights.Torch;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Tests.Weights;

public class CheckpointTests
{
    [Theory]
    [InlineData("state_dict_zip.pth", "PyTorch zip, pickle protocol 2 (state dict)")]
    [InlineData("state_dict_legacy.pth", "PyTorch legacy, pickle protocol 2 (state dict)")]
    [InlineData("state_dict_protocol3.pth", "PyTorch zip, pickle protocol 3 (state dict)")]
    [InlineData("state_dict_protocol4.pth", "PyTorch zip, pickle protocol 4 (state dict)")]
    [InlineData("training_checkpoint.pth", "PyTorch zip, pickle protocol 2 (training checkpoint)")]
    [InlineData("data_parallel.pth", "PyTorch zip, pickle protocol 2 (state dict)")]
    [InlineData("archive_of_pth.zip", "PyTorch zip, pickle protocol 2 (state dict), in a zip archive")]
    [InlineData("expected_state_dict.safetensors", "safetensors")]
    public void Every_form_of_the_same_state_dict_gives_the_same_weights(string name, string format)
    {
        StateDict weights = Checkpoint.Read(WeightData.Checkpoint(name));
        WeightData.AssertSame(Safetensors.Read(WeightData.Checkpoint("expected_state_dict.safetensors")), weights);
        Assert.Equal(format, weights.Format);
    }

    [Fact]
    public void Many_small_files_that_would_grow_to_gigabytes_together_are_refused()
    {
        using var file = new MemoryStream();
        using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            byte[] zeros = new byte[8 << 20];
            for (int i = 0; i < 12; i++)
            {
                using Stream entry = zip.CreateEntry(i == 0 ? "a/data.pkl" : $"a/data/{i}", CompressionLevel.Fastest).Open();
                entry.Write(zeros);
            }
        }
        Assert.Contains("would grow from", Assert.Throws<CheckpointException>(() => Checkpoint.Read(file.ToArray(), "bomb.pth")).Message);
    }

    [Fact]
    public void Copies_in_a_training_checkpoint_are_told_apart_by_its_own_names()
    {
        PickleWriter pickle =
            Copies(PickleWriter.Protocol(2), ("step", ""), ("model", "module."), ("ema", "shadow."), ("criterion", "other."));
        byte[] file = PickleWriter.Zip(pickle.Stop(), [("data/0", new byte[24])]);
        StateDict weights = Checkpoint.Read(file, "copies.pth");
        Assert.Equal(["model.a", "model.b", "ema.a", "ema.b"], weights.Select(parameter => parameter.Key));
        Assert.Equal([2, 3], weights.First().Dims);

        // Without copies the checkpoint's own name says nothing.
        pickle = Copies(PickleWriter.Protocol(2), ("model", "module."), ("criterion", "other."));
        weights = Checkpoint.Read(PickleWriter.Zip(pickle.Stop(), [("data/0", new byte[24])]), "one.pth");
        Assert.Equal(["a", "b"], weights.Select(parameter => parameter.Key));
    }

    // A dictionary of dictionaries: two tensors in each but the criterion's, which has one.
    private static PickleWriter Copies(PickleWriter pickle, params (string Name, string Prefix)[] parts)
    {
        pickle.Op('}').Op('(');
        foreach ((string name, string prefix) in parts)
        {
            pickle.Text(name);
            if (prefix.Length == 0)
            {
                pickle.Int(7);
                continue;
            }
            pickle.Op('}').Op('(').Text($"{prefix}a").Tensor("FloatStorage", "0", 6, 2, 3);
            if (name != "criterion") pickle.Text($"{prefix}b").Tensor("FloatStorage", "0", 6, 6);
            pickle.Op('u');
        }
        return pickle.Op('u');
    }

    [Fact]
    public void A_checkpoint_of_Python_2_gives_its_weights()
    {
        StateDict weights = Checkpoint.Read(WeightData.Checkpoint("python2_legacy.pth"));
        Assert.Equal(["a.weight", "a.bias"], weights.Select(parameter => parameter.Key));
        Parameter weight = weights.First(), bias = weights.Last();
        Assert.Equal([2, 3], weight.Dims);
        Assert.Equal([0, 1, 2, 3, 4, 5], weight.Read());
        Assert.Equal([7, 8], bias.Read());
    }

    [Fact]
    public void A_pickled_module_gives_its_state_dict()
    {
        StateDict weights = Checkpoint.Read(WeightData.Checkpoint("whole_module_zip.pth"));
        StateDict expected = Safetensors.Read(WeightData.Checkpoint("expected_whole_module.safetensors"));
        WeightData.AssertSame(expected, weights);
        Assert.Equal(expected.Select(parameter => parameter.Key), weights.Select(parameter => parameter.Key));
        Assert.Equal("PyTorch zip, pickle protocol 2 (whole module)", weights.Format);
    }

    [Theory]
    [InlineData("blocks_module_legacy.pth", "expected_blocks", "PyTorch legacy, pickle protocol 2 (whole module)")]
    [InlineData("blocks_protocol5.pth", "expected_blocks", "PyTorch zip, pickle protocol 5 (training checkpoint)")]
    [InlineData("blocks_stored.zip", "expected_blocks", "PyTorch zip, pickle protocol 5 (training checkpoint), in a zip archive")]
    [InlineData("blocks_training_legacy.pth", "expected_blocks_trained", "PyTorch legacy, pickle protocol 2 (whole module)")]
    [InlineData("blocks_torchscript.pt", "expected_blocks_torchscript", "TorchScript, pickle protocol 2 (whole module)")]
    public void Modules_wrapped_and_nested_give_their_state_dicts(string name, string expected, string format)
    {
        StateDict weights = Checkpoint.Read(WeightData.Checkpoint(name));
        WeightData.AssertSame(Safetensors.Read(WeightData.Checkpoint($"{expected}.safetensors")), weights);
        Assert.Equal(format, weights.Format);
    }

    [Theory]
    [InlineData("refused_sparse.pth", "_rebuild_sparse_tensor")]
    [InlineData("refused_quantized.pth", "QInt8Storage")]
    [InlineData("refused_complex.pth", "ComplexFloatStorage")]
    [InlineData("refused_list.pth", "holds a list")]
    public void Tensors_that_are_no_weights_are_refused_by_name(string name, string reason)
    {
        var error = Assert.Throws<CheckpointException>(() => Checkpoint.Read(WeightData.Checkpoint(name)));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_weight_knows_its_stored_type()
    {
        StateDict weights = Checkpoint.Read(WeightData.Checkpoint("state_dict_zip.pth"));
        Assert.True(weights.TryGet("half.weight", out Parameter? half));
        Assert.Equal(DType.Float16, half.StoredAs);
        Assert.True(weights.TryGet("bn.num_batches_tracked", out Parameter? steps));
        Assert.Equal(DType.Int64, steps.StoredAs);
        Assert.Empty(steps.Dims);
    }

    [Theory]
    [InlineData("hostile_os_system.pth", "system")]
    [InlineData("hostile_plain_pickle.pth", "builtins.eval")]
    [InlineData("truncated_half.pth", "truncated")]
    [InlineData("truncated_tail.pth", "truncated")]
    [InlineData("empty.pth", "is empty")]
    [InlineData("text.pth", "git lfs pull")]
    [InlineData("short_storage.pth", "should hold")]
    [InlineData("bad_json.safetensors", "JSON")]
    [InlineData("bad_offsets.safetensors", "does not fit")]
    [InlineData("bad_shape.safetensors", "does not fit")]
    [InlineData("huge_header.safetensors", "claims")]
    [InlineData("absent.pth", "does not exist")]
    [InlineData("", "directory")]
    public void Bad_files_are_refused_in_one_clear_line_and_at_once(string name, string reason)
    {
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        var error = Assert.Throws<CheckpointException>(() => Checkpoint.Read(WeightData.Checkpoint(name)));
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(10));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - allocated < 10 << 20);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.True(error.Message.Length < 400, error.Message);
    }

    [Theory]
    [InlineData(new byte[] { 0x89, (byte)'H', (byte)'D', (byte)'F', 13, 10 }, "HDF5")]
    [InlineData(new byte[] { 0x1F, 0x8B, 8, 0 }, "gzip")]
    [InlineData(new byte[] { 0xFF, 0, 1, 2 }, "FF000102")]
    [InlineData(new byte[] { (byte)'<', (byte)'h', (byte)'t', (byte)'m', (byte)'l', (byte)'>' }, "is text")]
    [InlineData(new byte[] { (byte)'P', (byte)'K', 5, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, "0 checkpoints")]
    public void Other_kinds_of_files_are_named(byte[] bytes, string reason)
    {
        var error = Assert.Throws<CheckpointException>(() => Checkpoint.Read(bytes, "test"));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_storage_is_noticed_when_it_is_read()
    {
        byte[] bytes = File.ReadAllBytes(WeightData.Checkpoint("state_dict_zip.pth"));
        StateDict sound = Checkpoint.Read(bytes, "sound");
        Assert.True(sound.TryGet("conv.weight", out Parameter? weight));
        byte[] values = [.. weight.Read().SelectMany(BitConverter.GetBytes)];
        bytes[bytes.AsSpan().IndexOf(values) + 100] ^= 1;

        StateDict damaged = Checkpoint.Read(bytes, "damaged");
        Assert.True(damaged.TryGet("conv.weight", out weight));
        var error = Assert.Throws<CheckpointException>(() => weight.Read());
        Assert.Contains("checksum", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Opening_reads_little()
    {
        string? path = WeightData.Shared("weights/pan.pth");
        Assert.SkipWhen(path is null, "the default network's PyTorch weights are not here");
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        StateDict weights = Checkpoint.Read(path);
        TimeSpan opened = Stopwatch.GetElapsedTime(start);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - allocated < 5 << 20);
        Assert.True(opened < TimeSpan.FromSeconds(10));
        long bytes = weights.Sum(parameter => parameter.Read().Length * 4L);
        TestContext.Current.SendDiagnosticMessage(
            $"opened {weights.Count} weights in {opened.TotalMilliseconds:F0} ms, read {bytes} bytes by "
                + $"{Stopwatch.GetElapsedTime(start).TotalMilliseconds:F0} ms");
        Assert.InRange(bytes, 16_000_000, 17_000_000);
    }
}
