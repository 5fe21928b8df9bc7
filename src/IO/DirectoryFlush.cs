using System.Runtime.InteropServices;

namespace LungSeg.IO;

/// <summary>
/// Makes a rename last: on Unix the new name is on the disk only when the directory is flushed, and .NET opens no directories. Windows
/// keeps the order of renames itself.
/// </summary>
internal static partial class DirectoryFlush
{
    private const int ReadOnly = 0;

    /// <summary>Flushes a directory; false where the system or the file system cannot. The files in it are whole either way.</summary>
    public static bool Try(string directory)
    {
        if (OperatingSystem.IsWindows()) return false;
        int descriptor = Open(directory, ReadOnly);
        if (descriptor < 0) return false;
        bool flushed = Flush(descriptor) == 0;
        return Close(descriptor) == 0 && flushed;
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Flush(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
