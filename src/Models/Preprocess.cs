using System.Runtime.InteropServices;
using LungSeg.Imaging;
using LungSeg.Models.Inputs;

namespace LungSeg.Models;

/// <summary>From an image to the network's input: 1 x 3 x size x size, normalised per channel, the aspect ratio ignored.</summary>
internal sealed class Preprocess(Architecture network, SegmentationMode mode, int size)
{
    private const int Channels = 3;

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
            ReverseChannels = mode == SegmentationMode.Study,
            Mean = network.Mean,
            Std = network.Std,
        };
    }

    private bool IsWide(Radiograph image) => image.BitDepth > 8 && mode == SegmentationMode.Native;

    private ResizeAxis Single(int length)
    {
        (int[] before, int[] after, float[] weights) = BilinearResize.Table(length, size);
        return new ResizeAxis(before, after, Array.ConvertAll(weights, BitConverter.SingleToInt32Bits));
    }

    private static ResizeAxis Whole((int[] Before, int[] After, int[] Coefficients) table) => new(table.Before, table.After, table.Coefficients);

    // The study's code hands blue to the channel that training called red; grey images do not mind.
    private float[] Normalise(int channels, Func<int, int, float> unit)
    {
        int pixels = size * size;
        float[] input = new float[Channels * pixels];
        for (int plane = 0; plane < Channels; plane++)
        {
            int source = channels == 1 ? 0 : mode == SegmentationMode.Study ? Channels - 1 - plane : plane;
            float mean = network.Mean[plane], std = network.Std[plane];
            Span<float> target = input.AsSpan(plane * pixels, pixels);
            for (int i = 0; i < pixels; i++) target[i] = (unit(source, i) - mean) / std;
        }
        return input;
    }
}
