namespace LungSeg.Imaging.Masks;

/// <summary>The patient's side.</summary>
public enum LungSide
{
    /// <summary>The patient's right lung, by convention on the left of the image.</summary>
    Right,

    /// <summary>The patient's left lung, by convention on the right of the image.</summary>
    Left,

    /// <summary>One part that reaches over both halves of the image: the lungs are joined, or it is no lung.</summary>
    Both,
}

/// <summary>Tells the lungs apart by where a mask's parts lie.</summary>
internal static class LungSides
{
    /// <summary>
    /// The side of each part. Two parts or more are divided half way between the centres of the two largest; a single one is
    /// compared with the image's middle. Where the orientation is unknown (null), the convention is assumed.
    /// </summary>
    public static LungSide[] Of(IReadOnlyList<Component> parts, int width, bool? patientLeftIsOnTheRight)
    {
        Component[] largest = [.. parts.OrderByDescending(c => c.Area).Take(2)];
        double middle = width / 2.0;
        if (largest.Length == 2 && Math.Abs(largest[0].CenterX - largest[1].CenterX) > width / 10.0)
            middle = (largest[0].CenterX + largest[1].CenterX) / 2;
        LungSide[] sides = new LungSide[parts.Count];
        for (int i = 0; i < sides.Length; i++)
        {
            bool reachesBoth = parts[i].Left < middle - width * 0.15 && parts[i].Right > middle + width * 0.15;
            bool onTheRight = parts[i].CenterX > middle;
            sides[i] = reachesBoth ? LungSide.Both : onTheRight == (patientLeftIsOnTheRight ?? true) ? LungSide.Left : LungSide.Right;
        }
        return sides;
    }
}
