namespace LungSeg.Imaging.Masks;

/// <summary>A mask with the patient's side of every pixel, and its statistics.</summary>
internal sealed record SidedMask(MaskStatistics Statistics, byte[] Sides)
{
    public int Width => Statistics.Width;

    public int Height => Statistics.Height;

    /// <summary>What a pixel of <see cref="Sides"/> holds for a side; 0 is background.</summary>
    public static byte ValueOf(LungSide side) => (byte)(1 + (int)side);

    public static LungSide SideOf(byte value) => (LungSide)(value - 1);

    /// <summary>Finds the parts and their sides; the orientation is the radiograph's.</summary>
    public static SidedMask Of(LungMask mask, bool? patientLeftIsOnTheRight)
    {
        ConnectedComponents parts = ConnectedComponents.Of(mask);
        LungSide[] sides = LungSides.Of(parts.Components, mask.Width, patientLeftIsOnTheRight);
        byte[] pixels = new byte[mask.Pixels.Length];
        parts.Paint(pixels, Array.ConvertAll(sides, side => (byte?)ValueOf(side)));
        LungPart[] sorted = [
            .. parts.Components.Select((part, i) => new LungPart(sides[i], part)).OrderByDescending(p => p.Component.Area)];
        return new SidedMask(new MaskStatistics(mask.Width, mask.Height, sorted.Sum(p => p.Component.Area), sorted), pixels);
    }
}
