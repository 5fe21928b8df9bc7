namespace LungSeg.Kernels.Convolution;

/// <summary>The sizes of <see cref="WgmmaConv"/>: a warpgroup computes 64 pixels by all filters of the block, 64 or 128.</summary>
internal interface IWgmmaTile : ITensorTile
{
    /// <summary>Steps in shared memory: 3 or 4.</summary>
    int Stages { get; }
}

internal readonly struct Wgmma128x128 : IWgmmaTile
{
    public int M => 128;

    public int N => 128;

    public int Threads => 256;

    public int RowBytes => 128;

    // 96 KB, so that a multiprocessor holds two blocks.
    public int Stages => 3;
}

internal readonly struct Wgmma128x64 : IWgmmaTile
{
    public int M => 128;

    public int N => 64;

    public int Threads => 256;

    public int RowBytes => 128;

    public int Stages => 4;
}

internal readonly struct Wgmma64x128 : IWgmmaTile
{
    public int M => 64;

    public int N => 128;

    public int Threads => 128;

    public int RowBytes => 128;

    public int Stages => 4;
}

internal readonly struct Wgmma64x64 : IWgmmaTile
{
    public int M => 64;

    public int N => 64;

    public int Threads => 128;

    public int RowBytes => 128;

    public int Stages => 4;
}
