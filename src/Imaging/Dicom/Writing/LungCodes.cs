using LungSeg.Imaging.Masks;

namespace LungSeg.Imaging.Dicom.Writing;

/// <summary>A lung in SNOMED CT, as DICOM's context groups for segments (PS3.16, CID 7150, 7166 and 244) have it.</summary>
internal static class LungCodes
{
    /// <summary>The designator of this program's own codes, for what no scheme has a code for.</summary>
    public const string OwnScheme = "99LUNGSEG";

    public static Code Category { get; } = new("123037004", "SCT", "Anatomical Structure");

    public static Code Lung { get; } = new("39607008", "SCT", "Lung");

    /// <summary>What is no structure: of context group 7150.</summary>
    public static Code Relation { get; } = new("309825002", "SCT", "Spatial and Relational Concept");

    public static Code Uncertainty { get; } = new("UNCERTAINTY", OwnScheme, "Uncertainty of lung outline");

    public static Code Laterality(LungSide side) => side switch
    {
        LungSide.Right => new("24028007", "SCT", "Right"),
        LungSide.Left => new("7771000", "SCT", "Left"),
        _ => new("51440002", "SCT", "Right and left"),
    };
}
