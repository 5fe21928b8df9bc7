using System.Globalization;
using System.Runtime.InteropServices;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Imaging;
using LungSeg.Models;

namespace LungSeg.Native;

/// <summary>A segmenter that C holds: the library's, the backend that was opened for it, and what cancels its calls.</summary>
internal sealed unsafe class Segmenter : IDisposable
{
    private const string Cpu = "cpu", Cuda = "cuda", CudaNumber = "cuda:";
    private readonly CudaBackend? _backend;
    private readonly LungSegmenter _segmenter;
    private CancellationTokenSource _cancel = new();

    /// <summary>Loads what the options say.</summary>
    public Segmenter(in OptionsLayout options)
    {
        string precision = Text(options.Precision) ?? Engine.Precision.Float32.Name();
        _backend = Open(Text(options.Device) ?? Cpu, precision);
        try
        {
            _segmenter = LungSegmenter.Load(new LungSegmenterOptions
            {
                Network = Text(options.Network),
                WeightsFile = Text(options.WeightsFile),
                WeightsMemory = Weights(options),
                Backend = _backend,
                Precision = precision == Engine.Precision.Int8.Name() ? Engine.Precision.Int8 : Engine.Precision.Float32,
                Threads = OrNull(options.Threads),
                Plans = OrNull(options.Images) ?? 1,
                MemoryLimit = options.MemoryLimit == 0 ? null : options.MemoryLimit,
                NetworkSize = OrNull(options.NetworkSize),
                Mode = options.StudyMode == 0 ? SegmentationMode.Native : SegmentationMode.Study,
                Threshold = options.Threshold == 0 ? 0.5f : options.Threshold,
                StretchContrast = options.KeepContrast == 0,
            });
        }
        catch
        {
            _backend?.Dispose();
            throw;
        }
    }

    /// <summary>Segments an image; <see cref="Cancel"/> ends it.</summary>
    public LungSegmentation Segment(in ImageLayout image)
    {
        CancellationToken token = Volatile.Read(ref _cancel).Token;
        if (image.Data is null) throw new ArgumentException("the image's data is NULL");
        return image.Format == ImageFormat.Encoded
            ? _segmenter.Segment(Samples<byte>(image), cancellation: token)
            : _segmenter.Segment(Decode(image), token);
    }

    /// <summary>Ends the calls that have begun.</summary>
    public void Cancel() => Interlocked.Exchange(ref _cancel, new CancellationTokenSource()).Cancel();

    public void Dispose()
    {
        _segmenter.Dispose();
        _backend?.Dispose();
        _cancel.Dispose();
    }

    // Copied: the caller may free it when this is done, and some weights are read later.
    private static ReadOnlyMemory<byte>? Weights(in OptionsLayout options)
    {
        if (options.Weights is null)
            return options.WeightsSize == 0 ? null : throw new ArgumentException("weights_size is set, weights is NULL");
        if (options.WeightsSize > (nuint)Array.MaxLength)
            throw new ArgumentException($"weights_size is {options.WeightsSize}: {Array.MaxLength} at most expected");
        return new ReadOnlySpan<byte>(options.Weights, (int)options.WeightsSize).ToArray();
    }

    private static Radiograph Decode(in ImageLayout image)
    {
        int channels = image.Channels == 0 ? 1 : image.Channels;
        if (image.Format != ImageFormat.U16 && image.Bits != 0)
            throw new ArgumentException($"bits are for 16-bit samples alone, {image.Bits} found");
        return image.Format switch
        {
            ImageFormat.U8 => Radiograph.FromPixels(Samples<byte>(image), image.Width, image.Height, channels, Stride<byte>(image)),
            ImageFormat.U16 => Radiograph.FromPixels(
                Samples<ushort>(image), image.Width, image.Height, image.Bits == 0 ? 16 : image.Bits, channels, Stride<ushort>(image)),
            ImageFormat.F32 => Radiograph.FromPixels(Words(image, channels), image.Width, image.Height, 16, channels, Stride<float>(image)),
            _ => throw new ArgumentException($"a format from 0 to 3 expected, {(uint)image.Format} found"),
        };
    }

    // What lies in the gap between two rows may be anything.
    private static ushort[] Words(in ImageLayout image, int channels)
    {
        ReadOnlySpan<float> samples = Samples<float>(image);
        long row = (long)image.Width * channels, stride = Stride<float>(image) is > 0 and int given ? given : Math.Max(1, row);
        var words = new ushort[samples.Length];
        for (int i = 0; i < words.Length; i++)
        {
            float sample = samples[i];
            if (sample is >= 0 and <= 1) words[i] = (ushort)MathF.Round(sample * ushort.MaxValue);
            else if (i % stride < row)
                throw new ArgumentException($"samples from 0 to 1 expected, {sample.ToString(CultureInfo.InvariantCulture)} found at {i}");
        }
        return words;
    }

    private static ReadOnlySpan<T> Samples<T>(in ImageLayout image) where T : unmanaged => image.DataSize <= int.MaxValue
        ? MemoryMarshal.Cast<byte, T>(new ReadOnlySpan<byte>(image.Data, (int)image.DataSize))
        : throw new ArgumentException($"data_size is {image.DataSize}: {int.MaxValue} bytes at most expected");

    private static int Stride<T>(in ImageLayout image) where T : unmanaged => image.Stride % (nuint)sizeof(T) == 0
        ? checked((int)(image.Stride / (nuint)sizeof(T)))
        : throw new ArgumentException($"a stride in whole samples of {sizeof(T)} bytes expected, {image.Stride} bytes found");

    private static CudaBackend? Open(string device, string precision)
    {
        Precision? known = Enum.GetValues<Precision>().Cast<Precision?>().FirstOrDefault(known => known!.Value.Name() == precision);
        if (known is null) throw new ArgumentException($"a precision of fp32, int8, tf32 or fp16 expected, '{precision}' found");
        if (device == Cuda) return new CudaBackend(0, known.Value);
        if (device.StartsWith(CudaNumber, StringComparison.Ordinal)
            && int.TryParse(device.AsSpan(CudaNumber.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int index))
            return new CudaBackend(index, known.Value);
        if (device != Cpu) throw new ArgumentException($"a device of cpu, cuda or cuda:N expected, '{device}' found");
        return known is Precision.Float32 or Precision.Int8 ? null
            : throw new ArgumentException($"the CPU computes in fp32 and int8, not in {precision}");
    }

    private static string? Text(byte* text) => text is null || *text == 0 ? null : Marshal.PtrToStringUTF8((nint)text);

    private static int? OrNull(int value) => value == 0 ? null : value;
}
