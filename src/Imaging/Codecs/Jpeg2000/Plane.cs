namespace LungSeg.Imaging.Codecs.Jpeg2000;

/// <summary>
/// The decoded samples of one component, row by row: values of its depth, negative ones as the two's complement of 16 bits.
/// </summary>
internal sealed class Plane(Area area, ComponentSize size)
{
    /// <summary>Where the samples lie on the component's own grid.</summary>
    public Area Area { get; } = area;

    public ComponentSize Size { get; } = size;

    public ushort[] Samples { get; } = new ushort[area.Width * (long)area.Height];

    /// <summary>A sample as the number that it is.</summary>
    public int this[int index] => Size.IsSigned ? (short)Samples[index] : Samples[index];
}
