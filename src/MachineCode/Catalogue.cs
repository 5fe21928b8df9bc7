using Iced.Intel;
using LungSeg.MachineCode.Abi;

namespace LungSeg.MachineCode;

/// <summary>All functions that the engine embeds.</summary>
internal static class Catalogue
{
    private const byte Breakpoint = 0xCC;

    /// <summary>The micro-kernel for each size of tile in both calling conventions.</summary>
    public static CodeImage Assemble()
    {
        var entries = new List<CodeEntry>();
        using var code = new MemoryStream();
        foreach (CallConvention convention in Enum.GetValues<CallConvention>())
        {
            for (int vectors = 1; vectors <= Int8Kernel.MaxVectors; vectors++)
            {
                for (int pixels = 1; pixels <= Int8Kernel.MaxPixels; pixels++)
                {
                    while (code.Length % CodeImage.Alignment != 0) code.WriteByte(Breakpoint);
                    int offset = (int)code.Length;
                    var assembler = new Assembler(64);
                    new Int8Kernel(assembler, convention, pixels, vectors).Emit();
                    assembler.Assemble(new StreamCodeWriter(code), rip: 0);
                    entries.Add(new CodeEntry(convention, pixels, vectors, offset, (int)code.Length - offset));
                }
            }
        }
        return new CodeImage(entries, code.ToArray());
    }
}
