namespace LungSeg.Kernels.Abi;

/// <summary>
/// Blocks of a launch. Where a kernel leaves something in a workspace, its parameters give both this and the workspace's size, from the
/// same fields that the kernel counts by.
/// </summary>
internal readonly record struct GridSize(long X, long Y = 1, long Z = 1)
{
    /// <summary>Whether a GPU can launch it.</summary>
    public bool IsLaunchable => X is >= 1 and <= int.MaxValue && Y is >= 1 and <= 65535 && Z is >= 1 and <= 65535;

    /// <summary>As many blocks of so many threads as give each item of each image a thread.</summary>
    public static GridSize OfItems(long items, int images, int threads) => new(Up(items, threads), images);

    /// <summary>How many tiles cover a length.</summary>
    public static long Up(long length, long tile) => (length + tile - 1) / tile;
}
