using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Imaging;
using LungSeg.Imaging.Masks;
using LungSeg.IO;

namespace LungSeg.Native;

/// <summary>The functions of include/lungseg.h, which says what each does.</summary>
internal static unsafe class Exports
{
    private const uint Abi = 1;
    private static readonly Handles<Segmenter> Segmenters = new("segmenter");
    private static readonly Handles<LungSegmentation> Results = new("result");

    [UnmanagedCallersOnly(EntryPoint = "lungseg_abi", CallConvs = [typeof(CallConvCdecl)])]
    public static uint GetAbi() => Abi;

    [UnmanagedCallersOnly(EntryPoint = "lungseg_version", CallConvs = [typeof(CallConvCdecl)])]
    public static nuint GetVersion(byte* text, nuint size) => Boundary.Copy($"{ProductVersion.Full}, {InstructionSets.Best}", text, size);

    [UnmanagedCallersOnly(EntryPoint = "lungseg_error", CallConvs = [typeof(CallConvCdecl)])]
    public static nuint GetError(byte* text, nuint size) => Boundary.Copy(Boundary.Error, text, size);

    /// <summary>Takes a file over that the outer library carries; called before all else.</summary>
    [UnmanagedCallersOnly(EntryPoint = "lungseg_build_in", CallConvs = [typeof(CallConvCdecl)])]
    public static void BuildIn(byte* name, byte* bytes, nuint length) =>
        BuiltInFiles.Add(Marshal.PtrToStringUTF8((nint)name)!, bytes, (int)length);

    [UnmanagedCallersOnly(EntryPoint = "lungseg_create", CallConvs = [typeof(CallConvCdecl)])]
    public static int Create(void* options, nint* segmenter) => Boundary.Call(() =>
    {
        CheckOut(segmenter, "segmenter");
        OptionsLayout read = Layout.Read<OptionsLayout>(options, "options");
        if (read.Abi != Abi)
            throw new ArgumentException($"the program was compiled for ABI {read.Abi}, this library has ABI {Abi}: compile it again");
        *segmenter = Segmenters.Add(new Segmenter(read));
    });

    [UnmanagedCallersOnly(EntryPoint = "lungseg_segment", CallConvs = [typeof(CallConvCdecl)])]
    public static int Segment(nint segmenter, void* image, nint* result) => Boundary.Call(() =>
    {
        CheckOut(result, "result");
        *result = Results.Add(Segmenters[segmenter].Segment(Layout.Read<ImageLayout>(image, "image")));
    });

    [UnmanagedCallersOnly(EntryPoint = "lungseg_measure", CallConvs = [typeof(CallConvCdecl)])]
    public static int Measure(nint result, void* statistics) => Boundary.Call(() =>
    {
        LungSegmentation found = Results[result];
        MaskStatistics mask = found.Statistics;
        Layout.Write(
            new StatisticsLayout
            {
                Width = mask.Width,
                Height = mask.Height,
                Area = mask.Area,
                ProbabilityWidth = found.Probabilities.Width,
                ProbabilityHeight = found.Probabilities.Height,
                Right = Of(mask.Of(LungSide.Right)),
                Left = Of(mask.Of(LungSide.Left)),
                RowMillimetres = found.MaskSpacing?.RowMillimetres ?? 0,
                ColumnMillimetres = found.MaskSpacing?.ColumnMillimetres ?? 0,
                Read = found.Times.Read.TotalMilliseconds,
                Preprocess = found.Times.Preprocess.TotalMilliseconds,
                Network = found.Times.Network.TotalMilliseconds,
                Postprocess = found.Times.Postprocess.TotalMilliseconds,
                Flags = found.Flags.Count,
            },
            statistics, "statistics");
    });

    [UnmanagedCallersOnly(EntryPoint = "lungseg_mask", CallConvs = [typeof(CallConvCdecl)])]
    public static int Mask(nint result, byte* mask, nuint size) =>
        Boundary.Call(() => Copy<byte>(Results[result].Mask.To8Bit(), mask, size, "mask"));

    [UnmanagedCallersOnly(EntryPoint = "lungseg_probabilities", CallConvs = [typeof(CallConvCdecl)])]
    public static int Probabilities(nint result, float* probabilities, nuint count) =>
        Boundary.Call(() => Copy(Results[result].Probabilities.Values, probabilities, count, "probabilities"));

    [UnmanagedCallersOnly(EntryPoint = "lungseg_flags", CallConvs = [typeof(CallConvCdecl)])]
    public static nuint Flags(nint result, byte* text, nuint size)
    {
        string flags = "";
        int status = Boundary.Call(() => flags = string.Join('\n', Results[result].Flags));
        return status == (int)Status.Ok ? Boundary.Copy(flags, text, size) : 0;
    }

    [UnmanagedCallersOnly(EntryPoint = "lungseg_cancel", CallConvs = [typeof(CallConvCdecl)])]
    public static int Cancel(nint segmenter) => Boundary.Call(() => Segmenters[segmenter].Cancel());

    [UnmanagedCallersOnly(EntryPoint = "lungseg_release", CallConvs = [typeof(CallConvCdecl)])]
    public static int Release(nint result) => Boundary.Call(() => Results.Remove(result));

    [UnmanagedCallersOnly(EntryPoint = "lungseg_destroy", CallConvs = [typeof(CallConvCdecl)])]
    public static int Destroy(nint segmenter) => Boundary.Call(() => Segmenters.Remove(segmenter)?.Dispose());

    private static LungLayout Of(Lung? lung) => lung is null ? default : new LungLayout
    {
        Parts = lung.Parts,
        Area = lung.Area,
        Left = lung.Left,
        Top = lung.Top,
        Right = lung.Right,
        Bottom = lung.Bottom,
        CenterX = lung.CenterX,
        CenterY = lung.CenterY,
    };

    private static void CheckOut(nint* to, string name)
    {
        if (to is null) throw new ArgumentException($"the place for the {name} is NULL");
        *to = 0;
    }

    private static void Copy<T>(ReadOnlySpan<T> from, T* to, nuint room, string name) where T : unmanaged
    {
        if (to is null) throw new ArgumentException($"{name} is NULL");
        if (room < (nuint)from.Length) throw new ArgumentException($"room for {from.Length} values of the {name} expected, {room} found");
        from.CopyTo(new Span<T>(to, from.Length));
    }
}
