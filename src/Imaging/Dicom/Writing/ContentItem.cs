namespace LungSeg.Imaging.Dicom.Writing;

/// <summary>
/// Items of a structured report's content tree (PS3.3, C.17.3), each with its relationship to the item that it is put into.
/// </summary>
internal static class ContentItem
{
    public const string Contains = "CONTAINS", HasObservationContext = "HAS OBS CONTEXT", HasConceptModifier = "HAS CONCEPT MOD",
        SelectedFrom = "SELECTED FROM";

    /// <summary>A heading; <paramref name="template"/> is the number of the template of PS3.16 that its content follows, or null.</summary>
    public static DataSetBuilder Container(Code name, string? template, params DataSetBuilder[] content) =>
        SetContainer(Item(Contains, "CONTAINER", name, content), template);

    /// <summary>Makes a data set the root of a tree.</summary>
    public static void SetRoot(DataSetBuilder dataSet, Code name, string template, params DataSetBuilder[] content) =>
        SetContainer(dataSet, template)
        .Set(Attribute.ValueType, "CONTAINER")
        .Set(Attribute.ConceptNameCodeSequence, name)
        .Set(Attribute.ContentSequence, content);

    public static DataSetBuilder Coded(string relationship, Code name, Code value, params DataSetBuilder[] content) =>
        Item(relationship, "CODE", name, content).Set(Attribute.ConceptCodeSequence, value);

    public static DataSetBuilder Text(string relationship, Code name, string value) =>
        Item(relationship, "TEXT", name, []).Set(Attribute.TextValue, value);

    public static DataSetBuilder Uid(string relationship, Code name, string value) =>
        Item(relationship, "UIDREF", name, []).Set(Attribute.Uid, value);

    /// <summary>A measurement with its unit of UCUM.</summary>
    public static DataSetBuilder Number(Code name, double value, Code unit, params DataSetBuilder[] content) =>
        Item(Contains, "NUM", name, content).Set(Attribute.MeasuredValueSequence, new DataSetBuilder()
            .Set(Attribute.MeasurementUnitsCodeSequence, unit)
            .Set(Attribute.NumericValue, Decimal(value)));

    /// <summary>A reference to an image, such as <see cref="SourceImage.Instance"/>.</summary>
    public static DataSetBuilder Image(string relationship, Code? name, DataSetBuilder reference)
    {
        DataSetBuilder item = new DataSetBuilder()
            .Set(Attribute.RelationshipType, relationship)
            .Set(Attribute.ValueType, "IMAGE")
            .Set(Attribute.ReferencedSopSequence, reference);
        return name is { } named ? item.Set(Attribute.ConceptNameCodeSequence, named) : item;
    }

    /// <summary>A closed line on an image, in pixels from the upper left corner of its first pixel.</summary>
    public static DataSetBuilder Polyline(Code name, IReadOnlyList<(int X, int Y)> corners, DataSetBuilder image) =>
        Item(Contains, "SCOORD", name, [Image(SelectedFrom, null, image)])
            .Set(Attribute.GraphicType, "POLYLINE")
            .SetPoints(Attribute.GraphicData, corners);

    /// <summary>A number in the 16 characters of a decimal string.</summary>
    private static string Decimal(double value)
    {
        for (int digits = 15; ; digits--)
        {
            string text = value.ToString($"G{digits}", System.Globalization.CultureInfo.InvariantCulture);
            if (text.Length <= 16)
                return text;
        }
    }

    private static DataSetBuilder Item(string relationship, string type, Code name, DataSetBuilder[] content)
    {
        DataSetBuilder item = new DataSetBuilder()
            .Set(Attribute.RelationshipType, relationship)
            .Set(Attribute.ValueType, type)
            .Set(Attribute.ConceptNameCodeSequence, name);
        return content.Length > 0 ? item.Set(Attribute.ContentSequence, content) : item;
    }

    private static DataSetBuilder SetContainer(DataSetBuilder item, string? template)
    {
        item.Set(Attribute.ContinuityOfContent, "SEPARATE");
        return template is null ? item : item.Set(
            Attribute.ContentTemplateSequence,
            new DataSetBuilder().Set(Attribute.MappingResource, "DCMR").Set(Attribute.TemplateIdentifier, template));
    }
}
