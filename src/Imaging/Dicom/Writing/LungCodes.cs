using LungSeg.Imaging.Masks;

namespace LungSeg.Imaging.Dicom.Writing;

/// <summary>A lung in SNOMED CT, as DICOM's context groups for segments (PS3.16, CID 7150, 7166 and 244) have it.</summary>
internal static class LungCodes
{
    public static Code Category { get; } = new("123037004", "SCT", "Anatomical Structure");

    public static Code Lung { get; } = new("39607008", "SCT", "Lung");

    public static Code Laterality(LungSide side) => side switch
    {
        LungSide.Right => new("24028007", "SCT", "Right"),
        LungSide.Left => new("7771000", "SCT", "Left"),
        _ => new("51440002", "SCT", "Right and left"),
    };
}
