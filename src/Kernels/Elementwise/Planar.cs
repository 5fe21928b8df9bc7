using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Elementwise;

/// <summary>Between maps and planar float32 tensors N x C x H x W, the network's inputs and outputs.</summary>
internal static class Planar
{
    /// <summary>A plane's neighbouring pixels go to neighbouring threads; padding channels become zeros.</summary>
    public static void ToMap<T>(PlanarParameters p) where T : struct, IStorage
    {
        PlanarItem item = PlanarItem.Of(p.Map);
        if (!item.Exists) return;
        long plane = (long)p.Map.Height * p.Map.Width * sizeof(float), from = p.Planar + item.Offset;
        if (p.Map.Channels == 1)
        {
            default(T).StoreOne(p.Map.Element<T>(item.Image, item.Pixel, 0), Global.LoadFloat(from));
            return;
        }
        int channels = p.Map.Channels - item.Channel;
        Float8 values = Float8.Splat(0);
        values.Low.X = Global.LoadFloat(from);
        if (channels > 1) values.Low.Y = Global.LoadFloat(from + plane);
        if (channels > 2) values.Low.Z = Global.LoadFloat(from + (2 * plane));
        if (channels > 3) values.Low.W = Global.LoadFloat(from + (3 * plane));
        if (channels > 4) values.High.X = Global.LoadFloat(from + (4 * plane));
        if (channels > 5) values.High.Y = Global.LoadFloat(from + (5 * plane));
        if (channels > 6) values.High.Z = Global.LoadFloat(from + (6 * plane));
        if (channels > 7) values.High.W = Global.LoadFloat(from + (7 * plane));
        default(T).Store(p.Map.Element<T>(item.Image, item.Pixel, item.Channel), values);
    }

    public static void FromMap<T>(PlanarParameters p) where T : struct, IStorage
    {
        PlanarItem item = PlanarItem.Of(p.Map);
        if (!item.Exists) return;
        long plane = (long)p.Map.Height * p.Map.Width * sizeof(float), to = p.Planar + item.Offset;
        if (p.Map.Channels == 1)
        {
            Global.Store(to, default(T).LoadOne(p.Map.Element<T>(item.Image, item.Pixel, 0)));
            return;
        }
        int channels = p.Map.Channels - item.Channel;
        Float8 values = default(T).Load(p.Map.Element<T>(item.Image, item.Pixel, item.Channel));
        Global.Store(to, values.Low.X);
        if (channels > 1) Global.Store(to + plane, values.Low.Y);
        if (channels > 2) Global.Store(to + (2 * plane), values.Low.Z);
        if (channels > 3) Global.Store(to + (3 * plane), values.Low.W);
        if (channels > 4) Global.Store(to + (4 * plane), values.High.X);
        if (channels > 5) Global.Store(to + (5 * plane), values.High.Y);
        if (channels > 6) Global.Store(to + (6 * plane), values.High.Z);
        if (channels > 7) Global.Store(to + (7 * plane), values.High.W);
    }
}
