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
    // The slices of a picture: its samples, six tables, and the mask that comes back.
    private const int FirstTable = 1, Tables = 6, Mask = FirstTable + Tables;
    private readonly DeviceSlices _slices = new(context, "a picture and its mask");
    private PinnedMemory? _staging;

    /// <summary>Puts the copy of a picture and its preparation on the stream; a mask of the given size will be cut.</summary>
    public void Prepare(PictureInput picture, ulong planarInput, int maskWidth, int maskHeight)
    {
        ReadOnlySpan<int[]> tables =
            [picture.Columns.Before, picture.Columns.After, picture.Columns.Weights, picture.Rows.Before, picture.Rows.After, picture.Rows.Weights];
        Span<long> sizes = stackalloc long[Mask + 1];
        sizes[0] = picture.Samples.Length;
        for (int i = 0; i < Tables; i++) sizes[FirstTable + i] = tables[i].Length * (long)sizeof(int);
        sizes[Mask] = (long)maskWidth * maskHeight;
        Place(DeviceSlice.InOrder(sizes));

        picture.Samples.Span.CopyTo(Staging(0, picture.Samples.Length));
        for (int i = 0; i < Tables; i++) MemoryMarshal.AsBytes(tables[i].AsSpan()).CopyTo(Staging(FirstTable + i, tables[i].Length * sizeof(int)));
        _slices.Upload(stream, _staging!.Data, 0, Mask);

        KernelInfo kernel = Kernel(KernelInfo.NameOf(KernelFamily.Preprocess, picture.SampleBytes == 1 ? "u8" : "u16"));
        Shape shape = input.Shape;
        Launch.Of(input, kernel, kernels, GridSize.OfItems((long)shape.H * shape.W, 1, kernel.Threads), new PreprocessParameters
        {
            Samples = (long)_slices[0],
            Output = (long)planarInput,
            ColumnBefore = Table(0),
            ColumnAfter = Table(1),
            ColumnWeights = Table(2),
            RowBefore = Table(3),
            RowAfter = Table(4),
            RowWeights = Table(5),
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
        KernelInfo kernel = Kernel(KernelFamily.Postprocess);
        Launch.Of(input, kernel, kernels, GridSize.OfItems((long)width * height, 1, kernel.Threads), new PostprocessParameters
        {
            Source = (long)probabilities,
            Mask = (long)_slices[Mask],
            SourceWidth = shape.W,
            SourceHeight = shape.H,
            Width = width,
            Height = height,
            Threshold = threshold,
        }).Put(stream);
        _slices.Download(stream, _staging!.Data, Mask, 1);
    }

    /// <summary>The mask, once the stream is done.</summary>
    public void CopyMask(Span<byte> mask) => Staging(Mask, mask.Length).CopyTo(mask);

    public void Dispose()
    {
        _staging?.Dispose();
        _slices.Dispose();
    }

    private long Table(int index) => (long)_slices[FirstTable + index];

    private Span<byte> Staging(int slice, int length) => new((byte*)_staging!.Data + _slices.Offset(slice), length);

    private KernelInfo Kernel(string name) => kernels.Find(name) ?? throw new DeviceException($"the CUDA backend has no kernel {name}");

    private void Place(DeviceSlice[] slices)
    {
        _slices.Place(slices);
        if (_staging is not null && (long)_staging.Bytes >= _slices.Bytes) return;
        _staging?.Dispose();
        _staging = null;
        _staging = new PinnedMemory(context, (nuint)_slices.Bytes);
    }
}
