namespace LungSeg.Imaging.Codecs.Jpeg;

/// <summary>
/// One colour component while it is decoded: its samples, whole blocks wide and high, and, in a progressive image, the coefficients
/// that scans add to.
/// </summary>
internal sealed class JpegComponent
{
    private readonly IslowTransform _transform;
    private readonly short[] _coefficients;

    public JpegComponent(JpegStructure jpeg, int index)
    {
        JpegStructure.Component c = jpeg.Components[index];
        int h = jpeg.Components.Max(o => o.Horizontal), v = jpeg.Components.Max(o => o.Vertical);
        (Horizontal, Vertical, Table) = (c.Horizontal, c.Vertical, c.Table);
        (Dx, Dy) = (h / c.Horizontal, v / c.Vertical);
        (Width, Height) = ((jpeg.Width * c.Horizontal + h - 1) / h, (jpeg.Height * c.Vertical + v - 1) / v);
        (BlocksWide, BlocksHigh) = ((Width + 7) / 8, (Height + 7) / 8);
        (int mcusWide, int mcusHigh) = ((jpeg.Width + 8 * h - 1) / (8 * h), (jpeg.Height + 8 * v - 1) / (8 * v));
        (StoredWide, int storedHigh) = (mcusWide * c.Horizontal, mcusHigh * c.Vertical);
        Samples = new ushort[(long)StoredWide * storedHigh * 64];
        _coefficients = jpeg.IsProgressive ? new short[Samples.Length] : [];
        _transform = new IslowTransform(jpeg.Precision);
    }

    /// <summary>Sampling factors: blocks of this component in a group of interleaved blocks.</summary>
    public int Horizontal { get; }

    public int Vertical { get; }

    /// <summary>Pixels of the image for each sample.</summary>
    public int Dx { get; }

    public int Dy { get; }

    /// <summary>Samples that lie in the image.</summary>
    public int Width { get; }

    public int Height { get; }

    /// <summary>Blocks that lie in the image at least in part: those of a scan of this component alone.</summary>
    public int BlocksWide { get; }

    public int BlocksHigh { get; }

    /// <summary>Blocks of a row, those beyond the image's edge included.</summary>
    public int StoredWide { get; }

    /// <summary>The number of its quantisation table.</summary>
    public int Table { get; }

    /// <summary>The quantisation table, taken when the component's first scan begins.</summary>
    public int[]? Quantisation { get; set; }

    /// <summary>Rows of <see cref="Stride"/> samples.</summary>
    public ushort[] Samples { get; }

    public int Stride => StoredWide * 8;

    /// <summary>The DC value before, from which the next one is predicted.</summary>
    public int Predicted { get; set; }

    /// <summary>
    /// The lowest bit that the scans of a progressive image have coded of each coefficient, in zigzag order; -1 where no scan has coded
    /// any.
    /// </summary>
    public sbyte[] LowestBit { get; } = [.. Enumerable.Repeat((sbyte)-1, 64)];

    /// <summary>The coefficients of a block of a progressive image, in natural order.</summary>
    public Span<short> Block(int x, int y) => _coefficients.AsSpan((y * StoredWide + x) * 64, 64);

    /// <summary>Turns a block's coefficients into samples.</summary>
    public void Transform(int x, int y, ReadOnlySpan<short> block) =>
        _transform.Apply(block, Quantisation!, Samples.AsSpan(y * 8 * Stride + x * 8), Stride);

    /// <summary>Turns the gathered coefficients of a progressive image into samples.</summary>
    public void TransformAll()
    {
        for (int y = 0; y < BlocksHigh; y++)
            for (int x = 0; x < BlocksWide; x++)
                Transform(x, y, Block(x, y));
    }
}
