using LungSeg.Imaging;

namespace LungSeg.Models;

/// <summary>From a picture to the network's input: 1 x 3 x size x size, normalised per channel, the aspect ratio ignored.</summary>
internal sealed class Preprocess(Architecture network, Compat compat, int size)
{
    private const int Channels = 3;

    public float[] Apply(Radiograph picture)
    {
        if (picture.BitDepth > 8 && compat == Compat.Fixed)
        {
            float[] values = BilinearResize.Resize(
                picture.ToUnitFloat(), picture.Width, picture.Height, picture.Channels, size, size);
            return Normalise(picture.Channels, (plane, index) => values[(index * picture.Channels) + plane]);
        }
        byte[] bytes = OpenCvResize.Linear(picture.To8Bit(), picture.Width, picture.Height, picture.Channels, size, size);
        return Normalise(picture.Channels, (plane, index) => bytes[(index * picture.Channels) + plane] / 255f);
    }

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
