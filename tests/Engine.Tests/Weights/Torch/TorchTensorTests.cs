using System.Runtime.InteropServices;
using CsCheck;
using LungSeg.Engine.Weights;
using LungSeg.Engine.Weights.Torch;

namespace LungSeg.Engine.Tests.Weights.Torch;

public class TorchTensorTests
{
    private static readonly ByteSource Nowhere = new MemoryBytes("test", ReadOnlyMemory<byte>.Empty);

    private static readonly Gen<(int Offset, int[] Dims, int[] Strides)> AnyView =
        Gen.Select(Gen.Int[0, 5], Gen.Select(Gen.Int[0, 6], Gen.Int[0, 40]).Array[0, 4])
            .Select((offset, axes) => (offset, axes.Select(axis => axis.Item1).ToArray(), axes.Select(axis => axis.Item2).ToArray()));

    [Fact]
    public void Any_view_gathers_the_elements_it_names() =>
        Gen.Select(AnyView, Gen.Bool).Sample((view, bigEndian) =>
        {
            float[] storage = [.. Enumerable.Range(0, 1000).Select(i => i * 0.5f)];
            float[] values = Make(storage, view.Offset, view.Dims, view.Strides, bigEndian).ToParameter("a").Read();
            Assert.Equal(Expected(storage, view.Offset, view.Dims, view.Strides), values);
        }, iter: 500);

    [Fact]
    public void A_view_that_leaves_its_storage_is_refused_and_no_other() =>
        Gen.Select(AnyView, Gen.Int[0, 400]).Sample((view, length) =>
        {
            bool empty = view.Dims.Contains(0);
            long last = view.Offset + view.Dims.Zip(view.Strides, (dim, stride) => (dim - 1L) * stride).Sum();
            Exception? error = Record.Exception(() => Make(new float[length], view.Offset, view.Dims, view.Strides, false));
            Assert.Equal(!empty && last >= length, error is CheckpointException);
        }, iter: 500);

    [Theory]
    [InlineData(new long[] { 1L << 30 }, new long[] { 0 })]
    [InlineData(new long[] { 1L << 40, 0 }, new long[] { 1, 1 })]
    [InlineData(new long[] { 1 << 30, 1 << 30, 1 << 30 }, new long[] { 0, 0, 0 })]
    [InlineData(new long[] { -1 }, new long[] { 1 })]
    [InlineData(new long[] { 2 }, new long[] { -1 })]
    [InlineData(new long[] { 2 }, new long[] { long.MaxValue })]
    [InlineData(new long[] { 2, 2 }, new long[] { long.MaxValue, long.MaxValue })]
    [InlineData(new long[] { 2 }, new long[] { 1, 1 })]
    public void Impossible_sizes_are_refused(long[] dims, long[] strides) =>
        Assert.Throws<CheckpointException>(() => TorchTensor.Make(new TorchStorage(DType.Float32, 10, false), 0, dims, strides, Nowhere));

    [Fact]
    public void A_large_transposed_weight_is_gathered_quickly()
    {
        float[] storage = [.. Enumerable.Range(0, 1 << 20).Select(i => (float)i)];
        float[] values = Make(storage, 0, [1024, 1024], [1, 1024], false).ToParameter("a").Read();
        Assert.Equal(5 * 1024 + 3, values[3 * 1024 + 5]);
    }

    [Fact]
    public void A_far_strided_view_of_a_long_storage_reads_only_what_it_names()
    {
        float[] storage = [.. Enumerable.Range(0, 1 << 20).Select(i => (float)i)];
        Assert.Equal([7f, 500_007f, 1_000_007f], Make(storage, 7, [3], [500_000], false).ToParameter("a").Read());
    }

    private static TorchTensor Make(float[] values, long offset, int[] dims, int[] strides, bool bigEndian)
    {
        byte[] bytes = MemoryMarshal.AsBytes<float>(values).ToArray();
        for (int i = 0; bigEndian && i < bytes.Length; i += 4)
            bytes.AsSpan(i, 4).Reverse();
        var storage = new TorchStorage(DType.Float32, values.Length, bigEndian);
        storage.Locate(new MemoryBytes("test", bytes), 0);
        return TorchTensor.Make(storage, offset, [.. dims.Select(dim => (long)dim)], [.. strides.Select(stride => (long)stride)], Nowhere);
    }

    private static float[] Expected(float[] storage, int offset, int[] dims, int[] strides)
    {
        if (dims.Contains(0))
            return [];
        IEnumerable<int> places = [offset];
        for (int i = 0; i < dims.Length; i++)
        {
            int axis = i;
            places = [.. places.SelectMany(place => Enumerable.Range(0, dims[axis]).Select(index => place + index * strides[axis]))];
        }
        return [.. places.Select(place => storage[place])];
    }
}
