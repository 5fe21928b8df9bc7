using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Elementwise;

/// <summary>
/// A part of a concatenation to its place; element by element where its place is no multiple of 8 channels. Output channels beyond
/// the input's become zeros.
/// </summary>
internal static class CopyChannels
{
    public static void Run<T>(PixelParameters p) where T : struct, IStorage
    {
        Item item = Item.Of<T>(p.Output);
        if (item.Exists)
            default(T).Store(p.Output.Element<T>(item), default(T).LoadOrZero(p.Input.Element<T>(item), item.Channel < p.Input.Channels));
    }
}
