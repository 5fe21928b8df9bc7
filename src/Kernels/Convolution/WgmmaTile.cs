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

/// <summary>128 x 128 with two steps on their way instead of one: 128 KB, one block for each multiprocessor.</summary>
internal readonly struct Wgmma128x128Deep : IWgmmaTile
{
    public int M => 128;

    public int N => 128;

    public int Threads => 256;

    public int RowBytes => 128;

    public int Stages => 4;
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

/// <summary>Whether what cp.async brought is shown to the tensor cores' proxy before they read it.</summary>
internal interface IProxyFence
{
    bool Exists { get; }
}

/// <summary>As PTX's memory model asks.</summary>
internal readonly struct Fenced : IProxyFence
{
    public bool Exists => true;
}

/// <summary>
/// Without, as CUTLASS's main loop by cp.async has it: quicker if the hardware keeps the order all the same, which a card must show.
/// </summary>
internal readonly struct Unfenced : IProxyFence
{
    public bool Exists => false;
}
