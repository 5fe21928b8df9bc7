namespace LungSeg.Kernels.Ptx;

/// <summary>float32 values per channel, as many as the storage's vector has.</summary>
internal static class Channels<T> where T : struct, IStorage
{
    public static Float8 Load(long address)
    {
        Float8 result;
        if (default(T).Width == 8)
        {
            result.Low = Global.LoadFloat4(address);
            result.High = Global.LoadFloat4(address + 16);
            return result;
        }
        result = Float8.Splat(0);
        result.Low.X = Global.LoadFloat(address);
        return result;
    }

    public static void Store(long address, Float8 value)
    {
        if (default(T).Width == 8)
        {
            Global.Store(address, value.Low);
            Global.Store(address + 16, value.High);
        }
        else
        {
            Global.Store(address, value.Low.X);
        }
    }
}
