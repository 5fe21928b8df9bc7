using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Resampling;

/// <summary>Each source pixel Factor times along both axes.</summary>
internal static class UpsampleNearest
{
    public static void Run<T>(ResampleParameters p) where T : struct, IStorage
    {
        Item item = Item.Of<T>(p.Output);
        if (!item.Exists) return;
        long source = p.Input.Element<T>(item.Image, item.Row / p.Factor, item.Column / p.Factor, item.Channel);
        default(T).Store(p.Output.Element<T>(item), default(T).Load(source));
    }
}
