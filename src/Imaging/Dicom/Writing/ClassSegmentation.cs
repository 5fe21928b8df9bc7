using LungSeg.Imaging.Classes;

namespace LungSeg.Imaging.Dicom.Writing;

/// <summary>
/// A DICOM segmentation of a projection image on the image's own pixels, one segment for each class whether it was found or not, so that a
/// segment's number is its class in every image: bits, or a map of labels.
/// </summary>
internal static class ClassSegmentation
{
    private static readonly DerivedKind Binary = new("SEG", SopClass.Segmentation, "SEG", 9001, "classes");
    private static readonly DerivedKind LabelMap = new("LABEL", SopClass.LabelMapSegmentation, "SEG", 9004, "classes");

    /// <summary>Makes the object.</summary>
    /// <param name="map">The classes.</param>
    /// <param name="type">Bits or labels.</param>
    /// <param name="format">The format's name, for messages.</param>
    /// <exception cref="ImageException">The image is no DICOM image that can be referred to.</exception>
    public static DerivedObject Make(ClassMap map, SegmentationType type, string format)
    {
        DicomReference source = SourceImage.Require(map.Image, format);
        byte[] numbers = [.. Enumerable.Range(1, map.Classes.Count).Select(number => (byte)number)];
        string found = SourceImage.Description(map.Method, "classes");
        bool isLabelMap = type == SegmentationType.LabelMap;
        return SegmentationContent.Make(source, new SegmentationContent
        {
            Kind = isLabelMap ? LabelMap : Binary,
            Type = isLabelMap ? SegmentationType.LabelMap : SegmentationType.Binary,
            Method = map.Method,
            Height = map.Image.Height,
            Width = map.Image.Width,
            Label = "Classes",
            Description = "Classes of an image's pixels",
            Derivation = found,
            Segments = Array.ConvertAll(numbers, number => Segment(number, map.Classes[number - 1], map.Method, source, found)),
            Pixels = isLabelMap ? map.Labels : SegmentationContent.Bits(map.Labels, numbers),
        });
    }

    private static DataSetBuilder Segment(byte number, ImageClass known, SegmentationMethod method, DicomReference source, string found)
    {
        // A backslash would part two values.
        string name = known.Name.Replace('\\', '/');
        return new DataSetBuilder()
            .Set(Attribute.SegmentNumber, number)
            .Set(Attribute.SegmentLabel, name)
            .Set(Attribute.SegmentDescription, found)
            .Set(Attribute.SegmentAlgorithmType, "AUTOMATIC")
            .Set(Attribute.SegmentAlgorithmName, $"{Software.Name} {method.Network}")
            .Set(Attribute.SegmentationAlgorithmIdentificationSequence, SourceImage.Algorithm(method, source))
            .Set(Attribute.SegmentedPropertyCategoryCodeSequence, ClassCodes.CategoryOf(name))
            .Set(Attribute.SegmentedPropertyTypeCodeSequence, ClassCodes.TypeOf(name, number))
            .Set(Attribute.TrackingId, name)
            .Set(Attribute.TrackingUid, DicomUid.Of(
                "class", source.SopInstanceUid, FormattableString.Invariant($"{source.Frame}"), known.Name))
            .Set(Attribute.RecommendedDisplayCieLabValue, CieLab.Of((known.Red, known.Green, known.Blue)));
    }
}

/// <summary>
/// Codes of classes by their names: of SNOMED CT for structures of the chest, and this program's own, with the name as its meaning, for
/// others.
/// </summary>
internal static class ClassCodes
{
    private static readonly Dictionary<string, Code> Structures = new(StringComparer.OrdinalIgnoreCase)
    {
        ["lung"] = LungCodes.Lung,
        ["heart"] = new("80891009", "SCT", "Heart"),
        ["clavicle"] = new("51299004", "SCT", "Clavicle"),
        ["rib"] = new("113197003", "SCT", "Rib"),
        ["trachea"] = new("44567001", "SCT", "Trachea"),
        ["mediastinum"] = new("72410000", "SCT", "Mediastinum"),
        ["aorta"] = new("15825003", "SCT", "Aorta"),
    };

    /// <summary>Whether a structure of the body or anything else.</summary>
    public static Code CategoryOf(string name) => Find(name) is null ? LungCodes.Relation : LungCodes.Category;

    /// <summary>What it is: for <c>left lung</c>, a lung with the left side as its modifier.</summary>
    public static DataSetBuilder TypeOf(string name, byte number)
    {
        if (Find(name) is not var (code, side))
            return Item(new Code(FormattableString.Invariant($"CLASS{number}"), LungCodes.OwnScheme, name));
        return side is null ? Item(code) : Item(code).Set(Attribute.SegmentedPropertyTypeModifierCodeSequence, side.Value);
    }

    // The plural is the structure on both sides.
    private static (Code Structure, Code? Side)? Find(string name)
    {
        string[] words = name.Split([' ', '_', '-'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (words is ["left" or "Left" or "right" or "Right", string paired] && Structures.TryGetValue(paired, out Code sided))
            return (sided, LungCodes.Laterality(words[0] is "left" or "Left" ? Masks.LungSide.Left : Masks.LungSide.Right));
        if (words is not [string one]) return null;
        if (Structures.TryGetValue(one, out Code structure)) return (structure, null);
        return one.EndsWith('s') && Structures.TryGetValue(one[..^1], out Code several) ? (several, null) : null;
    }

    private static DataSetBuilder Item(Code code) => new DataSetBuilder()
        .Set(Attribute.CodeValue, code.Value).Set(Attribute.CodingSchemeDesignator, code.Scheme).Set(Attribute.CodeMeaning, code.Meaning);
}
