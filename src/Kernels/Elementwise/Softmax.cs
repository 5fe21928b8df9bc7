using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Elementwise;

/// <summary>
/// Softmax over parts of the channels, a thread for each channel of each pixel: the parts are few, and lie at any channel. Channels beyond
/// the map's become zeros.
/// </summary>
internal static class Softmax
{
    private const float Log2E = 1.44269504f;

    public static void Run<T>(SoftmaxParameters p) where T : struct, IStorage
    {
        Item item = Item.Of<Single<T>>(p.Output);
        if (!item.Exists) return;
        float result = 0;
        if (item.Channel < p.Channels)
        {
            // Channels are read as [cardinality][radix][width] and written as [radix][cardinality][width].
            int width = p.Channels / (p.Radix * p.Cardinality), block = item.Channel / width, column = item.Channel - (block * width);
            int part = block / p.Cardinality, cardinal = block - (part * p.Cardinality);
            long first = p.Input.Element<T>(item.Image, item.Row, item.Column, (cardinal * p.Radix * width) + column);
            long step = width * (long)default(T).Size;
            float greatest = float.NegativeInfinity, sum = 0;
            for (int r = 0; r < p.Radix; r++) greatest = Reduction.Greater(greatest, default(T).LoadOne(first + (r * step)));
            for (int r = 0; r < p.Radix; r++) sum += Power(default(T).LoadOne(first + (r * step)) - greatest);
            result = Power(default(T).LoadOne(first + (part * step)) - greatest) * Scalar.Reciprocal(sum);
        }
        default(T).StoreOne(p.Output.Element<T>(item), result);
    }

    private static float Power(float x) => Scalar.Exp2(Log2E * x);
}
