using System.Runtime.InteropServices;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Cuda.Driver;
using LungSeg.Kernels.Abi;

namespace LungSeg.Models.Inputs;

/// <summary>
/// Brings images into a CUDA plan's planar input and cuts masks from its planar output. Samples and tables go up in one copy, the mask
/// comes down in one; the memory grows with the images.
/// </summary>
internal sealed unsafe class ImageTransfer : IDisposable
{
    // The slices of an image: its samples, six tables, and the mask that comes back.
    private const int FirstTable = 1, Tables = 6, Mask = FirstTable + Tables;
    private readonly CudaContext _context;
    private readonly KernelSet _kernels;
    private readonly Tensor _input;
    private readonly DeviceSlices _slices;
    private PinnedMemory? _staging;

    public ImageTransfer(CudaContext context, KernelSet kernels, Tensor input)
    {
        (_context, _kernels, _input) = (context, kernels, input);
        _slices = new DeviceSlices(context, "an image and its mask");
    }

    /// <summary>One that a plan owns: its stream's work uses it.</summary>
    public static ImageTransfer Of(CudaPlan plan)
    {
        var transfer = new ImageTransfer(plan.Context, plan.Kernels, plan.InputNode);
        plan.Own(transfer);
        return transfer;
    }

    /// <summary>Puts the copy of an image and its preparation on the stream; a mask of the given size will be cut.</summary>
    public void Prepare(CudaStream stream, DeviceImage image, ulong planarInput, int maskWidth, int maskHeight)
    {
        ReadOnlySpan<int[]> tables =
            [image.Columns.Before, image.Columns.After, image.Columns.Weights, image.Rows.Before, image.Rows.After, image.Rows.Weights];
        Span<long> sizes = stackalloc long[Mask + 1];
        sizes[0] = image.Samples.Length;
        for (int i = 0; i < Tables; i++) sizes[FirstTable + i] = tables[i].Length * (long)sizeof(int);
        sizes[Mask] = (long)maskWidth * maskHeight;
        Place(stream, DeviceSlice.InOrder(sizes));

        image.Samples.Span.CopyTo(Staging(0, image.Samples.Length));
        for (int i = 0; i < Tables; i++)
            MemoryMarshal.AsBytes(tables[i].AsSpan()).CopyTo(Staging(FirstTable + i, tables[i].Length * sizeof(int)));
        _slices.Upload(stream, _staging!.Data, 0, Mask);

        KernelInfo kernel = Kernel(KernelInfo.NameOf(KernelFamily.Preprocess, image.SampleBytes == 1 ? "u8" : "u16"));
        Shape shape = _input.Shape;
        Launch.Of(_input, kernel, _kernels, GridSize.OfItems((long)shape.H * shape.W, 1, kernel.Threads), new PreprocessParameters
        {
            Samples = (long)_slices[0],
            Output = (long)planarInput,
            ColumnBefore = Table(0),
            ColumnAfter = Table(1),
            ColumnWeights = Table(2),
            RowBefore = Table(3),
            RowAfter = Table(4),
            RowWeights = Table(5),
            SourceWidth = image.Width,
            SourceHeight = image.Height,
            SourceChannels = image.Channels,
            Width = shape.W,
            Height = shape.H,
            Halve = image.Halve ? 1 : 0,
            MaxValue = image.MaxValue,
            ReverseChannels = image.ReverseChannels ? 1 : 0,
            Mean0 = image.Mean[0],
            Mean1 = image.Mean[1],
            Mean2 = image.Mean[2],
            Std0 = image.Std[0],
            Std1 = image.Std[1],
            Std2 = image.Std[2],
        }).Put(stream);
    }

    /// <summary>Puts the cutting of the mask from planar probabilities, and its copy, on the stream.</summary>
    public void Cut(CudaStream stream, ulong probabilities, Shape shape, float threshold, int width, int height)
    {
        KernelInfo kernel = Kernel(KernelFamily.Postprocess);
        Launch.Of(_input, kernel, _kernels, GridSize.OfItems((long)width * height, 1, kernel.Threads), new PostprocessParameters
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

    private KernelInfo Kernel(string name) => _kernels.Find(name) ?? throw new DeviceException($"the CUDA backend has no kernel {name}");

    private void Place(CudaStream stream, DeviceSlice[] slices)
    {
        // A run that failed may have left work on the stream that uses the old memory.
        stream.Synchronize();
        _slices.Place(slices);
        if (_staging is not null && (long)_staging.Bytes >= _slices.Bytes) return;
        _staging?.Dispose();
        _staging = null;
        _staging = new PinnedMemory(_context, (nuint)_slices.Bytes);
    }
}
