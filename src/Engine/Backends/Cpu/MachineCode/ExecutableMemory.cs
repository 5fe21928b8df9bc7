using System.Runtime.InteropServices;

namespace LungSeg.Engine.Backends.Cpu.MachineCode;

/// <summary>
/// Pages of machine code: written first, then made executable; never both at once. They stay for the life of the process.
/// </summary>
internal static unsafe partial class ExecutableMemory
{
    private const int ProtectRead = 1, ProtectWrite = 2, ProtectExecute = 4;
    private const int MapPrivate = 2, MapAnonymousLinux = 0x20, MapAnonymousApple = 0x1000;
    private const uint MemCommit = 0x1000, MemReserve = 0x2000, MemRelease = 0x8000, PageReadWrite = 0x04, PageExecuteRead = 0x20;

    /// <summary>Maps a copy of the code; null, with the reason, where the system forbids it.</summary>
    public static byte* Map(ReadOnlySpan<byte> code, out string? refusal) =>
        OperatingSystem.IsWindows() ? MapOnWindows(code, out refusal) : MapOnUnix(code, out refusal);

    private static byte* MapOnUnix(ReadOnlySpan<byte> code, out string? refusal)
    {
        int anonymous = OperatingSystem.IsLinux() ? MapAnonymousLinux : MapAnonymousApple;
        void* pages = MMap(null, (nuint)code.Length, ProtectRead | ProtectWrite, MapPrivate | anonymous, -1, 0);
        if (pages == (void*)-1)
        {
            refusal = Reason("memory for machine code could not be mapped");
            return null;
        }
        code.CopyTo(new Span<byte>(pages, code.Length));
        if (MProtect(pages, (nuint)code.Length, ProtectRead | ProtectExecute) != 0)
        {
            refusal = Reason("the system does not make memory executable");
            _ = MUnmap(pages, (nuint)code.Length);
            return null;
        }
        refusal = null;
        return (byte*)pages;
    }

    private static byte* MapOnWindows(ReadOnlySpan<byte> code, out string? refusal)
    {
        void* pages = VirtualAlloc(null, (nuint)code.Length, MemCommit | MemReserve, PageReadWrite);
        if (pages == null)
        {
            refusal = Reason("memory for machine code could not be mapped");
            return null;
        }
        code.CopyTo(new Span<byte>(pages, code.Length));
        if (VirtualProtect(pages, (nuint)code.Length, PageExecuteRead, out _) == 0)
        {
            refusal = Reason("the system does not make memory executable");
            _ = VirtualFree(pages, 0, MemRelease);
            return null;
        }
        _ = FlushInstructionCache(-1, pages, (nuint)code.Length);
        refusal = null;
        return (byte*)pages;
    }

    private static string Reason(string fact) => $"{fact}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}";

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial void* MMap(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int MProtect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int MUnmap(void* address, nuint length);

    [LibraryImport("kernel32", SetLastError = true)]
    private static partial void* VirtualAlloc(void* address, nuint size, uint type, uint protection);

    [LibraryImport("kernel32", SetLastError = true)]
    private static partial int VirtualProtect(void* address, nuint size, uint protection, out uint before);

    [LibraryImport("kernel32")]
    private static partial int VirtualFree(void* address, nuint size, uint type);

    [LibraryImport("kernel32")]
    private static partial int FlushInstructionCache(nint process, void* address, nuint size);
}
