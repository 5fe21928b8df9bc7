namespace LungSeg.Engine;

/// <summary>A tensor's logical shape: batch, channels, height, width, in PyTorch's order whatever the backend's layout.</summary>
public readonly record struct Shape(int N, int C, int H, int W)
{
    /// <summary>The number of elements.</summary>
    public long Count => (long)N * C * H * W;

    /// <inheritdoc/>
    public override string ToString() => $"{N}x{C}x{H}x{W}";
}
