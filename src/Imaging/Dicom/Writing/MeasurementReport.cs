using LungSeg.Imaging.Masks;

namespace LungSeg.Imaging.Dicom.Writing;

/// <summary>
/// A structured report of measurements (PS3.16, TID 1500): for each lung a group (TID 1410) with its area and its region, which is a frame
/// of a segmentation or a polyline on the image.
/// </summary>
internal static class MeasurementReport
{
    private static readonly DerivedKind Kind = new("SR", SopClass.ComprehensiveReport, "SR", 9005, "lung measurements");
    private static readonly Code
        Title = new("126000", "DCM", "Imaging Measurement Report"),
        Language = new("121049", "DCM", "Language of Content Item and Descendants"),
        English = new("en", "RFC5646", "English"),
        ObserverType = new("121005", "DCM", "Observer Type"),
        Device = new("121007", "DCM", "Device"),
        DeviceUid = new("121012", "DCM", "Device Observer UID"),
        DeviceName = new("121013", "DCM", "Device Observer Name"),
        DeviceManufacturer = new("121014", "DCM", "Device Observer Manufacturer"),
        DeviceModel = new("121015", "DCM", "Device Observer Model Name"),
        DeviceSerialNumber = new("121016", "DCM", "Device Observer Serial Number"),
        ProcedureReported = new("121058", "DCM", "Procedure reported"),
        ChestRadiograph = new("399208008", "SCT", "Plain X-ray of chest"),
        Measurements = new("126010", "DCM", "Imaging Measurements"),
        Group = new("125007", "DCM", "Measurement Group"),
        TrackingIdentifier = new("112039", "DCM", "Tracking Identifier"),
        TrackingUid = new("112040", "DCM", "Tracking Unique Identifier"),
        FindingCategory = new("276214006", "SCT", "Finding category"),
        Finding = new("121071", "DCM", "Finding"),
        FindingSite = new("363698007", "SCT", "Finding Site"),
        Laterality = new("272741003", "SCT", "Laterality"),
        ReferencedFrame = new("121214", "DCM", "Referenced Segmentation Frame"),
        SegmentedImage = new("121233", "DCM", "Source image for segmentation"),
        Region = new("111030", "DCM", "Image Region"),
        AlgorithmName = new("111001", "DCM", "Algorithm Name"),
        AlgorithmParameters = new("111002", "DCM", "Algorithm Parameters"),
        AlgorithmVersion = new("111003", "DCM", "Algorithm Version"),
        Method = new("370129005", "SCT", "Measurement Method"),
        Area = new("42798000", "SCT", "Area"),
        AreaRatio = new("AREA_R_TO_L", LungCodes.OwnScheme, "Area of right lung divided by area of left lung"),
        SquareMillimetres = new("mm2", "UCUM", "square millimeter"),
        Unity = new("1", "UCUM", "no units");

    /// <summary>Makes the report; regions are frames of <paramref name="segmentation"/>, or polylines where that is null.</summary>
    /// <exception cref="ImageException">The image is no DICOM image that can be referred to, or its mask has no lung.</exception>
    public static DerivedObject Make(LungSegmentation result, DerivedObject? segmentation, string format)
    {
        OnImage.Require(result, format);
        DicomReference source = SourceImage.Require(result.Image, format);
        LungSide[] sides = SegmentationObject.Sides(result, format);
        DataSetBuilder dataSet = DerivedObject.Begin(Kind, result.Method, source);
        List<DataSetBuilder> groups = [];
        if (segmentation is not null)
            foreach (LungSide side in sides)
                groups.Add(LungGroup(result, source, side, "", result.Statistics.Of(side)!.Area,
                    FrameOf(segmentation, Array.IndexOf(sides, side) + 1, source)));
        else
            AddOutlined(groups, result, source);
        if (result.Statistics is var lungs && lungs.Of(LungSide.Right) is { } right && lungs.Of(LungSide.Left) is { } left)
            groups.Add(ContentItem.Container(Group, "1501",
            [
                .. Tracked("Both lungs", SourceImage.TrackingUid(source, LungSide.Both)),
                ContentItem.Coded(ContentItem.Contains, Finding, LungCodes.Lung),
                ContentItem.Coded(ContentItem.HasConceptModifier, FindingSite, LungCodes.Lung,
                    ContentItem.Coded(ContentItem.HasConceptModifier, Laterality, LungCodes.Laterality(LungSide.Both))),
                ContentItem.Number(AreaRatio, (double)right.Area / left.Area, Unity),
            ]));
        dataSet
            .SetBytes(Attribute.ReferencedPerformedProcedureStepSequence, [])
            .SetBytes(Attribute.PerformedProcedureCodeSequence, [])
            .Set(Attribute.CompletionFlag, "COMPLETE")
            .Set(Attribute.VerificationFlag, "UNVERIFIED")
            .Set(Attribute.CurrentRequestedProcedureEvidenceSequence, Evidence(source, segmentation));
        ContentItem.SetRoot(dataSet, Title, "1500",
        [
            ContentItem.Coded(ContentItem.HasConceptModifier, Language, English),
            ContentItem.Coded(ContentItem.HasObservationContext, ObserverType, Device),
            ContentItem.Uid(ContentItem.HasObservationContext, DeviceUid, DicomUid.Of("device", Software.Name, Software.Version)),
            ContentItem.Text(ContentItem.HasObservationContext, DeviceName, Software.Name),
            ContentItem.Text(ContentItem.HasObservationContext, DeviceManufacturer, Software.Name),
            ContentItem.Text(ContentItem.HasObservationContext, DeviceModel, $"{Software.Name} {result.Method.Network}"),
            ContentItem.Text(ContentItem.HasObservationContext, DeviceSerialNumber, Software.Version),
            ContentItem.Coded(ContentItem.HasConceptModifier, ProcedureReported, ChestRadiograph),
            ContentItem.Container(Measurements, null, [.. groups]),
        ]);
        return DerivedObject.Complete(Kind, result.ContentTime, dataSet);
    }

    /// <summary>
    /// A group has one region, so that a lung of several parts has as many groups. The area is the part's own, holes left out.
    /// </summary>
    private static void AddOutlined(List<DataSetBuilder> groups, LungSegmentation result, DicomReference source)
    {
        foreach (IGrouping<LungSide, LungOutline> lung in LungOutline.Of(result).GroupBy(outline => outline.Side))
        {
            LungOutline[] parts = [.. lung];
            for (int i = 0; i < parts.Length; i++)
            {
                string part = parts.Length > 1 ? FormattableString.Invariant($", part {i + 1} of {parts.Length}") : "";
                groups.Add(LungGroup(
                    result, source, lung.Key, part, parts[i].Area,
                    [ContentItem.Polyline(Region, parts[i].Outer, SourceImage.Instance(source, withFrame: true))]));
            }
        }
    }

    private static DataSetBuilder LungGroup(
        LungSegmentation result, DicomReference source, LungSide side, string part, long pixels, IEnumerable<DataSetBuilder> region) =>
        ContentItem.Container(Group, "1410",
        [
            .. Tracked(LungNames.Of(side) + part,
                part.Length == 0 ? SourceImage.TrackingUid(source, side) : DicomUid.Of(SourceImage.TrackingUid(source, side), part)),
            ContentItem.Coded(ContentItem.Contains, FindingCategory, LungCodes.Category),
            ContentItem.Coded(ContentItem.Contains, Finding, LungCodes.Lung),
            .. region,
            ContentItem.Coded(ContentItem.HasConceptModifier, FindingSite, LungCodes.Lung,
                ContentItem.Coded(ContentItem.HasConceptModifier, Laterality, LungCodes.Laterality(side))),
            Measured(result, source, pixels),
        ]);

    private static DataSetBuilder[] Tracked(string name, string uid) =>
    [
        ContentItem.Text(ContentItem.HasObservationContext, TrackingIdentifier, name),
        ContentItem.Uid(ContentItem.HasObservationContext, TrackingUid, uid),
    ];

    /// <summary>The area in square millimetres of the plane that the spacing is of, or as a count of pixels.</summary>
    private static DataSetBuilder Measured(LungSegmentation result, DicomReference source, long pixels)
    {
        PixelSpacing? spacing = result.MaskSpacing;
        Code method = spacing is null
            ? new Code("PIXELS", LungCodes.OwnScheme, "Count of pixels; pixel spacing unknown")
            : result.Image.SpacingPlane switch
            {
                SpacingPlane.Detector =>
                    new Code("DETECTOR_PLANE", LungCodes.OwnScheme, "On detector plane, where all is larger than in patient"),
                SpacingPlane.Patient =>
                    new Code("PATIENT_PLANE", LungCodes.OwnScheme, "On a plane in the patient, by calibrated pixel spacing"),
                SpacingPlane.Film => new Code("FILM_PLANE", LungCodes.OwnScheme, "On the film that was scanned"),
                _ => new Code("UNSTATED_PLANE", LungCodes.OwnScheme, "By pixel spacing of an unstated plane"),
            };
        return ContentItem.Number(Area, spacing is { } s ? Math.Round(pixels * s.SquareMillimetres, 2) : pixels,
            spacing is null ? Unity : SquareMillimetres,
            ContentItem.Coded(ContentItem.HasConceptModifier, Method, method),
            ContentItem.Text(ContentItem.HasConceptModifier, AlgorithmName, $"{Software.Name} {result.Method.NetworkName}"),
            ContentItem.Text(ContentItem.HasConceptModifier, AlgorithmVersion, Software.Version),
            ContentItem.Text(ContentItem.HasConceptModifier, AlgorithmParameters, SourceImage.Settings(result.Method, source)));
    }

    /// <summary>A segment of the segmentation, by its frame, or by its number where one frame holds all.</summary>
    private static DataSetBuilder[] FrameOf(DerivedObject segmentation, int number, DicomReference source)
    {
        DataSetBuilder reference = new DataSetBuilder()
            .Set(Attribute.ReferencedSopClassUid, segmentation.SopClassUid)
            .Set(Attribute.ReferencedSopInstanceUid, segmentation.SopInstanceUid);
        if (segmentation.SopClassUid == SopClass.LabelMapSegmentation)
            reference.Set(Attribute.ReferencedSegmentNumber, (uint)number);
        else
            reference.Set(Attribute.ReferencedFrameNumber, FormattableString.Invariant($"{number}"));
        return
        [
            ContentItem.Image(ContentItem.Contains, ReferencedFrame, reference),
            ContentItem.Image(ContentItem.Contains, SegmentedImage, SourceImage.Instance(source, withFrame: true)),
        ];
    }

    /// <summary>All that the report refers to, by study and series.</summary>
    private static DataSetBuilder Evidence(DicomReference source, DerivedObject? segmentation)
    {
        List<DataSetBuilder> series = [Series(source.SeriesInstanceUid, SourceImage.Instance(source))];
        if (segmentation is not null)
            series.Add(Series(segmentation.SeriesInstanceUid, new DataSetBuilder()
                .Set(Attribute.ReferencedSopClassUid, segmentation.SopClassUid)
                .Set(Attribute.ReferencedSopInstanceUid, segmentation.SopInstanceUid)));
        return new DataSetBuilder().Set(Attribute.StudyInstanceUid, source.StudyInstanceUid)
            .Set(Attribute.ReferencedSeriesSequence, [.. series]);

        static DataSetBuilder Series(string uid, DataSetBuilder instance) =>
            new DataSetBuilder().Set(Attribute.SeriesInstanceUid, uid).Set(Attribute.ReferencedSopSequence, instance);
    }
}
