using System.Runtime.InteropServices;
using LungSeg.Engine.Backends.Cuda.Driver;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>
/// Brings pictures into a plan's planar input and cuts masks from its planar output. Samples and tables go up in one copy, the mask comes
/// down in one; the memory grows with the pictures.
/// </summary>
internal sealed unsafe class PictureTransfer(CudaContext context, KernelSet kernels, CudaStream stream, Tensor input) : IDisposable
{
    private const int Alignment = 256;
    private PinnedMemory? _staging;
    private DeviceMemory? _memory;
    private long _maskOffset;

    /// <summary>Puts the copy of a picture and its preparation on the stream; a mask of the given size will be cut.</summary>
    public void Prepare(PictureInput picture, ulong planarInput, int maskWidth, int maskHeight)
    {
        ReadOnlySpan<int[]> tables =
            [picture.Columns.Before, picture.Columns.After, picture.Columns.Weights, picture.Rows.Before, picture.Rows.After, picture.Rows.Weights];
        Span<long> offsets = stackalloc long[tables.Length];
        long end = Aligned(picture.Samples.Length);
        for (int i = 0; i < tables.Length; i++)
        {
            offsets[i] = end;
            end = Aligned(end + (tables[i].Length * sizeof(int)));
        }
        _maskOffset = end;
        Grow(end + ((long)maskWidth * maskHeight));

        picture.Samples.Span.CopyTo(Staging(0, picture.Samples.Length));
        for (int i = 0; i < tables.Length; i++) MemoryMarshal.AsBytes(tables[i].AsSpan()).CopyTo(Staging(offsets[i], tables[i].Length * sizeof(int)));
        stream.Upload(_staging!.Data, _memory!.Address, (nuint)end);

        long memory = (long)_memory.Address;
        KernelInfo kernel = Kernel(picture.SampleBytes == 1 ? "preprocess_u8" : "preprocess_u16");
        Shape shape = input.Shape;
        Launch.Of(input, kernel, kernels, Grid.OfItems((long)shape.H * shape.W, 1, kernel), new PreprocessParameters
        {
            Samples = memory,
            Output = (long)planarInput,
            ColumnBefore = memory + offsets[0],
            ColumnAfter = memory + offsets[1],
            ColumnWeights = memory + offsets[2],
            RowBefore = memory + offsets[3],
            RowAfter = memory + offsets[4],
            RowWeights = memory + offsets[5],
            SourceWidth = picture.Width,
            SourceHeight = picture.Height,
            SourceChannels = picture.Channels,
            Width = shape.W,
            Height = shape.H,
            Halve = picture.Halve ? 1 : 0,
            MaxValue = picture.MaxValue,
            ReverseChannels = picture.ReverseChannels ? 1 : 0,
            Mean0 = picture.Mean[0],
            Mean1 = picture.Mean[1],
            Mean2 = picture.Mean[2],
            Std0 = picture.Std[0],
            Std1 = picture.Std[1],
            Std2 = picture.Std[2],
        }).Put(stream);
    }

    /// <summary>Puts the cutting of the mask from planar probabilities, and its copy, on the stream.</summary>
    public void Cut(ulong probabilities, Shape shape, float threshold, int width, int height)
    {
        KernelInfo kernel = Kernel("postprocess");
        ulong mask = _memory!.Address + (ulong)_maskOffset;
        Launch.Of(input, kernel, kernels, Grid.OfItems((long)width * height, 1, kernel), new PostprocessParameters
        {
            Source = (long)probabilities,
            Mask = (long)mask,
            SourceWidth = shape.W,
            SourceHeight = shape.H,
            Width = width,
            Height = height,
            Threshold = threshold,
        }).Put(stream);
        stream.Download(mask, (byte*)_staging!.Data + _maskOffset, (nuint)((long)width * height));
    }

    /// <summary>The mask, once the stream is done.</summary>
    public void CopyMask(Span<byte> mask) => Staging(_maskOffset, mask.Length).CopyTo(mask);

    public void Dispose()
    {
        _staging?.Dispose();
        _memory?.Dispose();
    }

    private Span<byte> Staging(long offset, int length) => new((byte*)_staging!.Data + offset, length);

    private KernelInfo Kernel(string name) => kernels.Find(name) ?? throw new DeviceException($"the CUDA backend has no kernel {name}");

    private void Grow(long bytes)
    {
        if (_memory is not null && (long)_memory.Bytes >= bytes) return;
        Dispose();
        (_staging, _memory) = (null, null);
        _staging = new PinnedMemory(context, (nuint)bytes);
        _memory = new DeviceMemory(context, (nuint)bytes, "a picture and its mask");
    }

    private static long Aligned(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;
}
