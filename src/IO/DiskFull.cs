namespace LungSeg.IO;

/// <summary>Tells the errors that every further write would meet too: no space on the disk, or none left of a quota.</summary>
internal static class DiskFull
{
    private const int NoSpace = 28, LinuxQuota = 122, MacQuota = 69;
    private const int WindowsDiskFull = unchecked((int)0x80070070), WindowsHandleDiskFull = unchecked((int)0x80070027);
    private const int WindowsQuota = unchecked((int)0x80070510);

    /// <summary>Whether an error, or the one behind it, is such.</summary>
    public static bool Is(Exception e) => e.GetBaseException() is IOException io && (OperatingSystem.IsWindows()
        ? io.HResult is WindowsDiskFull or WindowsHandleDiskFull or WindowsQuota
        : io.HResult == NoSpace || io.HResult == (OperatingSystem.IsMacOS() ? MacQuota : LinuxQuota));
}
