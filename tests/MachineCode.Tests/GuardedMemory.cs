using System.Runtime.InteropServices;

namespace LungSeg.MachineCode.Tests;

/// <summary>Memory between two pages that nobody may touch: what is read or written outside ends the process.</summary>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    private const int Page = 4096, None = 0, ReadWrite = 3, PrivateAnonymous = 0x22;
    private readonly byte* _pages;
    private readonly nint _length;

    /// <summary>Bytes directly before the page behind, or directly behind the page before.</summary>
    public GuardedMemory(nint bytes, bool atEnd)
    {
        nint inner = (bytes + Page - 1) / Page * Page;
        _length = inner + (2 * Page);
        _pages = MMap(null, (nuint)_length, None, PrivateAnonymous, -1, 0);
        if (_pages == (byte*)-1 || (inner > 0 && MProtect(_pages + Page, (nuint)inner, ReadWrite) != 0))
            throw new InvalidOperationException("no guarded memory");
        Data = _pages + Page + (atEnd ? inner - bytes : 0);
    }

    public byte* Data { get; }

    public void Dispose() => _ = MUnmap(_pages, (nuint)_length);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial byte* MMap(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int MProtect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int MUnmap(void* address, nuint length);
}
