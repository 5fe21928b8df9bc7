using System.Runtime.InteropServices;
using System.Text;

namespace LungSeg.Native.Tests;

/// <summary>The C functions, called as C calls them.</summary>
internal static unsafe class Api
{
    public static uint Abi => ((delegate* unmanaged[Cdecl]<uint>)&Exports.GetAbi)();

    public static Status Create(OptionsLayout* options, out nint segmenter)
    {
        fixed (nint* to = &segmenter) return (Status)((delegate* unmanaged[Cdecl]<void*, nint*, int>)&Exports.Create)(options, to);
    }

    public static Status Segment(nint segmenter, ImageLayout* image, out nint result)
    {
        fixed (nint* to = &result)
            return (Status)((delegate* unmanaged[Cdecl]<nint, void*, nint*, int>)&Exports.Segment)(segmenter, image, to);
    }

    public static Status Measure(nint result, StatisticsLayout* statistics) =>
        (Status)((delegate* unmanaged[Cdecl]<nint, void*, int>)&Exports.Measure)(result, statistics);

    public static Status Mask(nint result, byte[] mask)
    {
        fixed (byte* to = mask)
            return (Status)((delegate* unmanaged[Cdecl]<nint, byte*, nuint, int>)&Exports.Mask)(result, to, (nuint)mask.Length);
    }

    public static Status Probabilities(nint result, float[] values)
    {
        fixed (float* to = values)
            return (Status)((delegate* unmanaged[Cdecl]<nint, float*, nuint, int>)&Exports.Probabilities)(result, to, (nuint)values.Length);
    }

    public static Status Cancel(nint segmenter) => (Status)((delegate* unmanaged[Cdecl]<nint, int>)&Exports.Cancel)(segmenter);

    public static Status Release(nint result) => (Status)((delegate* unmanaged[Cdecl]<nint, int>)&Exports.Release)(result);

    public static Status Destroy(nint segmenter) => (Status)((delegate* unmanaged[Cdecl]<nint, int>)&Exports.Destroy)(segmenter);

    public static string Error => Text(&Exports.GetError);

    public static string Version => Text(&Exports.GetVersion);

    public static OptionsLayout Options => new() { Size = (uint)sizeof(OptionsLayout), Abi = 1 };

    public static ImageLayout Image => new() { Size = (uint)sizeof(ImageLayout) };

    public static StatisticsLayout Statistics => new() { Size = (uint)sizeof(StatisticsLayout) };

    /// <summary>Text for C, never freed.</summary>
    public static byte* Text(string text) => (byte*)Marshal.StringToCoTaskMemUTF8(text);

    private static string Text(delegate* unmanaged[Cdecl]<byte*, nuint, nuint> copy)
    {
        var bytes = new byte[(int)copy(null, 0)];
        fixed (byte* to = bytes) Assert.Equal((nuint)bytes.Length, copy(to, (nuint)bytes.Length));
        Assert.Equal(0, bytes[^1]);
        return Encoding.UTF8.GetString(bytes.AsSpan(0, bytes.Length - 1));
    }
}
