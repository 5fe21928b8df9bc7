namespace LungSeg.Engine.Ops;

/// <summary>Zero padding in pixels on each side, as in PyTorch's <c>ZeroPad2d</c>; an integer pads all sides alike.</summary>
internal readonly record struct Padding(int Left, int Top, int Right, int Bottom)
{
    /// <summary>The same padding on all sides.</summary>
    public static implicit operator Padding(int all) => new(all, all, all, all);
}
