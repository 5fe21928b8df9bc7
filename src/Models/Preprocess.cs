using System.Runtime.InteropServices;
using LungSeg.Imaging;
using LungSeg.Models.Inputs;

namespace LungSeg.Models;

/// <summary>From a picture to the network's input: 1 x 3 x size x size, normalised per channel, the aspect ratio ignored.</summary>
internal sealed class Preprocess(Architecture network, Compat compat, int size)
{
    private const int Channels = 3;

    public float[] Apply(Radiograph picture)
    {
        if (IsWide(picture))
        {
            float[] values = BilinearResize.Resize(
                picture.ToUnitFloat(), picture.Width, picture.Height, picture.Channels, size, size);
            return Normalise(picture.Channels, (plane, index) => values[(index * picture.Channels) + plane]);
        }
        byte[] bytes = OpenCvResize.Linear(picture.To8Bit(), picture.Width, picture.Height, picture.Channels, size, size);
        return Normalise(picture.Channels, (plane, index) => bytes[(index * picture.Channels) + plane] / 255f);
    }

    /// <summary>The same as instructions, for a device that carries them out itself.</summary>
    public DeviceImage Describe(Radiograph picture)
    {
        bool words = IsWide(picture);
        return new DeviceImage
        {
            Size = size,
            Width = picture.Width,
            Height = picture.Height,
            Channels = picture.Channels,
            Samples = words ? MemoryMarshal.AsBytes(picture.Samples).ToArray() : picture.To8Bit(),
            SampleBytes = words ? sizeof(ushort) : sizeof(byte),
            MaxValue = words ? picture.MaxValue : byte.MaxValue,
            Columns = words ? Single(picture.Width) : Whole(OpenCvResize.ColumnTable(picture.Width, size)),
            Rows = words ? Single(picture.Height) : Whole(OpenCvResize.RowTable(picture.Height, size)),
            Halve = !words && OpenCvResize.IsHalving(picture.Width, picture.Height, size, size),
            ReverseChannels = compat == Compat.Upstream,
            Mean = network.Mean,
            Std = network.Std,
        };
    }

    private bool IsWide(Radiograph picture) => picture.BitDepth > 8 && compat == Compat.Fixed;

    private ResizeAxis Single(int length)
    {
        (int[] before, int[] after, float[] weights) = BilinearResize.Table(length, size);
        return new ResizeAxis(before, after, Array.ConvertAll(weights, BitConverter.SingleToInt32Bits));
    }

    private static ResizeAxis Whole((int[] Before, int[] After, int[] Coefficients) table) => new(table.Before, table.After, table.Coefficients);

    // The study's code hands blue to the channel that training called red; grey pictures do not mind.
    private float[] Normalise(int channels, Func<int, int, float> unit)
    {
        int pixels = size * size;
        float[] input = new float[Channels * pixels];
        for (int plane = 0; plane < Channels; plane++)
        {
            int source = channels == 1 ? 0 : compat == Compat.Upstream ? Channels - 1 - plane : plane;
            float mean = network.Mean[plane], std = network.Std[plane];
            Span<float> target = input.AsSpan(plane * pixels, pixels);
            for (int i = 0; i < pixels; i++) target[i] = (unit(source, i) - mean) / std;
        }
        return input;
    }
}
