namespace LungSeg.Imaging.Dicom.Display;

/// <summary>
/// What every stored value is worth at one step of the grey-scale chain, indexed by the value's bits, and the range that the values
/// can lie in.
/// </summary>
internal sealed class GreyScale
{
    private GreyScale(double[] values) => Values = values;

    public double[] Values { get; }

    public double Lowest { get; set; }

    public double Highest { get; set; }

    /// <summary>The significant bits of the values, which decide the depth of the image.</summary>
    public int Bits { get; set; }

    /// <summary>The steps that were taken.</summary>
    public GreyMapping Mapping { get; set; } = new();

    /// <summary>The values as they are stored.</summary>
    public static GreyScale Stored(ImagePixel image)
    {
        double[] values = new double[1 << image.BitsStored];
        for (int bits = 0; bits < values.Length; bits++)
            values[bits] = image.ToValue(bits);
        int lowest = image.IsSigned ? -(values.Length / 2) : 0;
        return new GreyScale(values) { Lowest = lowest, Highest = lowest + values.Length - 1, Bits = image.BitsStored };
    }
}
