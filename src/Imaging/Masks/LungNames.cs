namespace LungSeg.Imaging.Masks;

/// <summary>What result files call a lung.</summary>
internal static class LungNames
{
    public static string Of(LungSide side) => side switch
    {
        LungSide.Right => "Right lung",
        LungSide.Left => "Left lung",
        _ => "Both lungs",
    };
}
