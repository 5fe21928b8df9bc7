using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Elementwise;

/// <summary>Sums and products of two maps, one of which may be a single pixel or a single channel, spread over the other.</summary>
internal static class Binary
{
    public static void Add<T>(BinaryParameters p) where T : struct, IStorage
    {
        Item item = Item.Of<T>(p.Output);
        if (item.Exists) Store<T>(p, item, Operand<T>(p.A, item).Plus(Operand<T>(p.B, item)));
    }

    public static void Multiply<T>(BinaryParameters p) where T : struct, IStorage
    {
        Item item = Item.Of<T>(p.Output);
        if (item.Exists) Store<T>(p, item, Operand<T>(p.A, item).Times(Operand<T>(p.B, item)));
    }

    private static Float8 Operand<T>(DeviceMap map, Item item) where T : struct, IStorage
    {
        int pixel = map.Height * map.Width == 1 ? 0 : (item.Row * map.Width) + item.Column;
        return map.Channels == 1
            ? Float8.Splat(default(T).LoadOne(map.Element<T>(item.Image, pixel, 0)))
            : default(T).Load(map.Element<T>(item.Image, pixel, item.Channel));
    }

    private static void Store<T>(BinaryParameters p, Item item, Float8 result) where T : struct, IStorage
    {
        if (p.Residual.Address != 0) result = result.Plus(default(T).Load(p.Residual.Element<T>(item)));
        default(T).Store(p.Output.Element<T>(item), Activations.Apply(result, p.Activation));
    }
}
