using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Elementwise;

/// <summary>x · scale + shift per channel, then the activation: batch norms and activations of their own, and group norms' end.</summary>
internal static class ScaleShift
{
    public static void Run<T>(PixelParameters p) where T : struct, IStorage
    {
        Item item = Item.Of<T>(p.Output);
        if (!item.Exists) return;
        Float8 x = default(T).Load(p.Input.Element<T>(item));
        long channel = ((item.Image * (long)p.ImageStride) + item.Channel) * sizeof(float);
        if (p.Scale != 0) x = x.Times(Channels<T>.Load(p.Scale + channel));
        if (p.Shift != 0) x = x.Plus(Channels<T>.Load(p.Shift + channel));
        default(T).Store(p.Output.Element<T>(item), Activations.Apply(x, p.Activation));
    }
}
