using System.Runtime.Intrinsics.X86;
using LungSeg.MachineCode.Abi;

namespace LungSeg.Engine.Backends.Cpu.MachineCode;

/// <summary>
/// The integer micro-kernel in AVX512_VNNI, an instruction set that .NET 10 has no methods for: machine code that the build assembled and
/// embedded (src/MachineCode). It is mapped when it is first asked for.
/// </summary>
internal static unsafe class VnniKernels
{
    private const string Resource = "machinecode.bin";
    private static readonly Lazy<Table> Loaded = new(Load);

    /// <summary>Whether processor and system can run it.</summary>
    public static bool IsSupported => Loaded.Value.Absence is null;

    /// <summary>Why it cannot be run, or null.</summary>
    public static string? Absence => Loaded.Value.Absence;

    /// <summary>Bytes of code that are mapped, and the functions in them: those of this system's calling convention.</summary>
    public static (int Bytes, int Functions) Size => (Loaded.Value.Bytes, Loaded.Value.Functions.Count);

    /// <summary>The address of the code, 0 where there is none.</summary>
    public static nint Address => Loaded.Value.Address;

    /// <summary>
    /// The kernel for a tile of the given pixels (1 to 12) and vectors of 16 outputs (1 or 2): sums(pixel, output) = initial + Σ input ·
    /// weight, modulo 2³². Only where <see cref="IsSupported"/>.
    /// </summary>
    public static delegate* unmanaged[SuppressGCTransition]<Int8Tile*, void> For(int pixels, int vectors) =>
        (delegate* unmanaged[SuppressGCTransition]<Int8Tile*, void>)Loaded.Value.Functions[(pixels, vectors)];

    /// <summary>The embedded functions of both calling conventions.</summary>
    public static CodeImage ReadImage()
    {
        using Stream stream = typeof(VnniKernels).Assembly.GetManifestResourceStream(Resource)
            ?? throw new DeviceException("this build has no machine code in it");
        return CodeImage.Read(stream);
    }

    private static Table Load()
    {
        if (!Avx512BW.IsSupported || !HasVnni()) return new Table([], 0, 0, "the processor has no AVX512_VNNI");
        CodeImage image = ReadImage();
        CallConvention convention = OperatingSystem.IsWindows() ? CallConvention.Windows : CallConvention.SystemV;
        CodeEntry[] entries = [.. image.Entries.Where(entry => entry.Convention == convention)];
        int start = entries.Min(entry => entry.Offset), end = entries.Max(entry => entry.Offset + entry.Length);
        byte* code = ExecutableMemory.Map(image.Code.AsSpan(start..end), out string? refusal);
        if (refusal is not null) return new Table([], 0, 0, refusal);
        Dictionary<(int, int), nint> functions =
            entries.ToDictionary(entry => (entry.Pixels, entry.Vectors), entry => (nint)(code + entry.Offset - start));
        return new Table(functions, (nint)code, end - start, null);
    }

    // Leaf 7 says it in bit 11 of ecx. That the system keeps 512-bit registers is what Avx512BW.IsSupported has looked up (XCR0).
    private static bool HasVnni() => X86Base.CpuId(0, 0).Eax >= 7 && (X86Base.CpuId(7, 0).Ecx & (1 << 11)) != 0;

    private sealed record Table(Dictionary<(int Pixels, int Vectors), nint> Functions, nint Address, int Bytes, string? Absence);
}
