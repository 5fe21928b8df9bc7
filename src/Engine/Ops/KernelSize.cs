namespace LungSeg.Engine.Ops;

/// <summary>A kernel's height and width in pixels; an integer is a square kernel.</summary>
internal readonly record struct KernelSize(int Height, int Width)
{
    /// <summary>The padding that keeps a map's size with this kernel, if its sides are odd.</summary>
    public Padding Half => new(Width / 2, Height / 2, Width / 2, Height / 2);

    /// <summary>A square kernel.</summary>
    public static implicit operator KernelSize(int side) => new(side, side);
}
