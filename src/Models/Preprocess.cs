using System.Runtime.InteropServices;
using LungSeg.Imaging;
using LungSeg.Models.Inputs;

namespace LungSeg.Models;

/// <summary>From an image to the network's input: 1 x channels x size x size, normalised per channel, the aspect ratio ignored.</summary>
internal sealed class Preprocess(Architecture network, SegmentationMode mode, int size)
{
    private const float Red = 0.299f, Green = 0.587f, Blue = 0.114f;

    // The study's code hands blue to the channel that training called red; grey images do not mind.
    private readonly bool _reverses = (mode == SegmentationMode.Study) != network.Normalisation.IsBgr;

    /// <summary>The channels of the network's input.</summary>
    public int Channels => network.Options.InChannels;

    public float[] Apply(Radiograph image)
    {
        if (IsWide(image))
        {
            float[] values = BilinearResize.Resize(
                image.ToUnitFloat(), image.Width, image.Height, image.Channels, size, size);
            return Normalise(image.Channels, (plane, index) => values[(index * image.Channels) + plane]);
        }
        byte[] bytes = OpenCvResize.Linear(image.To8Bit(), image.Width, image.Height, image.Channels, size, size);
        return Normalise(image.Channels, (plane, index) => bytes[(index * image.Channels) + plane] / 255f);
    }

    /// <summary>The same as instructions, for a device that carries them out itself.</summary>
    public DeviceImage Describe(Radiograph image)
    {
        bool words = IsWide(image);
        return new DeviceImage
        {
            Size = size,
            Width = image.Width,
            Height = image.Height,
            Channels = image.Channels,
            Samples = words ? MemoryMarshal.AsBytes(image.Samples).ToArray() : image.To8Bit(),
            SampleBytes = words ? sizeof(ushort) : sizeof(byte),
            MaxValue = words ? image.MaxValue : byte.MaxValue,
            Columns = words ? Single(image.Width) : Whole(OpenCvResize.ColumnTable(image.Width, size)),
            Rows = words ? Single(image.Height) : Whole(OpenCvResize.RowTable(image.Height, size)),
            Halve = !words && OpenCvResize.IsHalving(image.Width, image.Height, size, size),
            ReverseChannels = _reverses,
            Mean = network.Normalisation.Mean,
            Std = network.Normalisation.Std,
        };
    }

    private bool IsWide(Radiograph image) => image.BitDepth > 8 && mode == SegmentationMode.Native;

    private ResizeAxis Single(int length)
    {
        (int[] before, int[] after, float[] weights) = BilinearResize.Table(length, size);
        return new ResizeAxis(before, after, Array.ConvertAll(weights, BitConverter.SingleToInt32Bits));
    }

    private static ResizeAxis Whole((int[] Before, int[] After, int[] Coefficients) table) =>
        new(table.Before, table.After, table.Coefficients);

    private float[] Normalise(int channels, Func<int, int, float> unit)
    {
        int pixels = size * size;
        float[] input = new float[Channels * pixels];
        for (int plane = 0; plane < Channels; plane++)
        {
            float mean = network.Normalisation.Mean[plane], std = network.Normalisation.Std[plane];
            Span<float> target = input.AsSpan(plane * pixels, pixels);
            for (int i = 0; i < pixels; i++) target[i] = (Value(plane, i) - mean) / std;
        }
        return input;

        // A network of grey images sees a colour one as grey (ITU-R BT.601).
        float Value(int plane, int i) => channels == 1 ? unit(0, i)
            : Channels == 1 ? (Red * unit(0, i)) + (Green * unit(1, i)) + (Blue * unit(2, i))
            : unit(_reverses ? Channels - 1 - plane : plane, i);
    }
}
