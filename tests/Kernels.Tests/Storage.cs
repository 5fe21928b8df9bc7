using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Kernels.Abi;

namespace LungSeg.Kernels.Tests;

/// <summary>How a map's elements are stored.</summary>
public enum Storage
{
    F32,
    F16,
}

/// <summary>The numbers that a kernel multiplies.</summary>
public enum Numbers
{
    F32,
    Tf32,
    F16,
}

internal static class Storages
{
    public static TheoryData<Storage> All { get; } = [Storage.F32, Storage.F16];

    /// <summary>The nearest of the numbers; of tf32's two nearest the greater in size.</summary>
    public static float Round(this Numbers numbers, float value) => numbers switch
    {
        Numbers.F16 => (float)(Half)value,
        Numbers.Tf32 => BitConverter.UInt32BitsToSingle((BitConverter.SingleToUInt32Bits(value) + 0x1000) & ~0x1FFFu),
        _ => value,
    };

    public static Numbers ToNumbers(this Storage storage) => storage == Storage.F32 ? Numbers.F32 : Numbers.F16;

    public static string Suffix(this Storage storage) => storage == Storage.F32 ? "f32" : "f16";

    /// <summary>The suffix of the kernels for maps of so many channels.</summary>
    public static string Suffix(this Storage storage, int channels) => storage.Suffix() + (channels == 1 ? "_single" : "");

    public static int Size(this Storage storage) => storage == Storage.F32 ? 4 : 2;

    /// <summary>Half a unit in the last place of a stored number, relative to it, and what is lost below the normal numbers.</summary>
    public static double Rounding(this Storage storage, double value) =>
        storage == Storage.F32 ? Math.ScaleB(Math.Abs(value), -24) : Math.ScaleB(Math.Abs(value), -11) + Math.ScaleB(1, -25);

    /// <summary>The nearest number that the storage has.</summary>
    public static float Round(this Storage storage, float value) => storage.ToNumbers().Round(value);

    public static void Write(this Storage storage, Gpu gpu, ulong address, float value)
    {
        if (storage == Storage.F32) gpu.Memory.Span<float>(address, 1)[0] = value;
        else gpu.Memory.Span<Half>(address, 1)[0] = (Half)value;
    }

    public static float Read(this Storage storage, Gpu gpu, ulong address) =>
        storage == Storage.F32 ? gpu.Memory.Span<float>(address, 1)[0] : (float)gpu.Memory.Span<Half>(address, 1)[0];

    public static long Upload(this Storage storage, Gpu gpu, ReadOnlySpan<float> values)
    {
        ulong address = gpu.Memory.Allocate((long)values.Length * storage.Size());
        if (storage == Storage.F32) values.CopyTo(gpu.Memory.Span<float>(address, values.Length));
        Span<Half> halves = storage == Storage.F16 ? gpu.Memory.Span<Half>(address, values.Length) : [];
        for (int i = 0; i < halves.Length; i++) halves[i] = (Half)values[i];
        return (long)address;
    }
}

/// <summary>
/// A map in device memory, alone or as a slice of a wider one. Elements that nothing has written are not-a-number; what lies beside
/// a slice must stay so.
/// </summary>
internal sealed class DeviceTensor
{
    private readonly Gpu _gpu;
    private readonly Storage _storage;
    private readonly Shape _shape;
    private readonly int _first;
    private readonly ulong _start;

    private DeviceTensor(Gpu gpu, Storage storage, Shape shape, int first, int behind)
    {
        (_gpu, _storage, _shape, _first) = (gpu, storage, shape, first);
        int padded = shape.C == 1 ? 1 : (shape.C + 7) / 8 * 8, stride = first + padded + behind;
        _start = gpu.Memory.Allocate((long)shape.N * shape.H * shape.W * stride * storage.Size());
        Map = new DeviceMap
        {
            Address = (long)_start + (first * storage.Size()),
            Height = shape.H,
            Width = shape.W,
            Channels = shape.C,
            PixelStride = stride,
        };
    }

    public DeviceMap Map { get; }

    /// <summary>The map as the host places it.</summary>
    public CudaMap Place => new((ulong)Map.Address, _shape, Map.PixelStride);

    public int PaddedChannels => _shape.C == 1 ? 1 : (_shape.C + 7) / 8 * 8;

    /// <summary>Room for a result: with a slice, 8 channels before it and 16 behind belong to others.</summary>
    public static DeviceTensor Empty(Gpu gpu, Storage storage, Shape shape, bool slice = false) =>
        slice && shape.C > 1 ? new DeviceTensor(gpu, storage, shape, 8, 16) : new DeviceTensor(gpu, storage, shape, 0, 0);

    /// <summary>A map with values; padding is zero, and what lies beside a slice not-a-number.</summary>
    public static DeviceTensor Of(Gpu gpu, Storage storage, Map values, bool slice = false)
    {
        DeviceTensor tensor = Empty(gpu, storage, values.Shape, slice);
        tensor.Visit((n, c, pixel, address) => storage.Write(gpu, address, c < values.Shape.C ? values.Plane(n, c)[pixel] : 0));
        return tensor;
    }

    /// <summary>The values; the padding must have been written, and nothing beside it.</summary>
    public Map Read()
    {
        var values = new Map(_shape);
        Visit((n, c, pixel, address) =>
        {
            float value = _storage.Read(_gpu, address);
            if (c < _shape.C) values.Plane(n, c)[pixel] = value;
            else Assert.False(float.IsNaN(value), $"padding channel {c} of image {n}, pixel {pixel}, was not written");
        });
        for (int pixel = 0; pixel < _shape.N * _shape.H * _shape.W; pixel++)
        {
            for (int c = 0; c < Map.PixelStride; c++)
            {
                if (c >= _first && c < _first + PaddedChannels) continue;
                Assert.True(float.IsNaN(_storage.Read(_gpu, _start + (ulong)(((pixel * Map.PixelStride) + c) * _storage.Size()))),
                    $"channel {c} of pixel {pixel}, beside the slice, was written");
            }
        }
        return values;
    }

    private void Visit(Action<int, int, int, ulong> visit)
    {
        for (int n = 0; n < _shape.N; n++)
        {
            for (int pixel = 0; pixel < _shape.H * _shape.W; pixel++)
            {
                for (int c = 0; c < PaddedChannels; c++)
                    visit(n, c, pixel, _start
                        + (ulong)((((((n * _shape.H * _shape.W) + pixel) * Map.PixelStride) + _first + c) * _storage.Size())));
            }
        }
    }
}
