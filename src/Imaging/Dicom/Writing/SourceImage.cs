using System.Globalization;
using LungSeg.Imaging.Masks;

namespace LungSeg.Imaging.Dicom.Writing;

/// <summary>What a derived object takes over from the image that it is derived from: patient, study, references.</summary>
internal static class SourceImage
{
    private static readonly Code ProcessingSource = new("121322", "DCM", "Source image for image processing operation");
    private static readonly Code ArtificialIntelligence = new("123110", "DCM", "Artificial Intelligence");
    private static readonly Code Segmentation = new("113076", "DCM", "Segmentation");

    /// <summary>Elements of the patient and study modules that must be there even if they are empty.</summary>
    private static readonly uint[] NeverAbsent =
    [
        Tags.StudyDate, Tags.StudyTime, Tags.AccessionNumber, Tags.ReferringPhysicianName, Tags.PatientName, Tags.PatientId,
        Tags.PatientBirthDate, Tags.PatientSex, Tags.StudyId,
    ];

    /// <summary>
    /// Why nothing can be derived from an image, in a few words: it is not from DICOM, lacks an identifier, is in colour where a grey one
    /// is needed, or has no lung; null where nothing stands against it.
    /// </summary>
    public static string? ReasonToSkip(LungSegmentation result, bool grey = false)
    {
        if (result.Image.Dicom is not { } source)
            return "not a DICOM image";
        if (Missing(source) is { } tag)
            return $"without {Tags.Describe(tag)}";
        if (grey && source.GreyMapping is null)
            return "in colour";
        return result.Mask.Area == 0 ? "no lung found" : null;
    }

    /// <summary>Refuses an image that nothing can refer to.</summary>
    public static DicomReference Require(Radiograph image, string format)
    {
        DicomReference source = image.Dicom
            ?? throw new ImageException(
                $"{image.Name}: {format} refers to a DICOM image and its study, and this is {Kind(image)}; leave {format} "
                + "out");
        return Missing(source) is { } tag
            ? throw new ImageException(
                $"{image.Name}: {format} cannot refer to the image, which lacks {Tags.Describe(tag)}; leave {format} out")
            : source;
    }

    /// <summary>The first of the identifiers that the image lacks and a reference needs; null where it has all.</summary>
    public static uint? Missing(DicomReference source)
    {
        foreach ((string value, uint tag) in (ReadOnlySpan<(string, uint)>)[
            (source.SopClassUid, Tags.SopClassUid), (source.SopInstanceUid, Tags.SopInstanceUid),
            (source.StudyInstanceUid, Tags.StudyInstanceUid), (source.SeriesInstanceUid, Tags.SeriesInstanceUid)])
            if (value.Length == 0)
                return tag;
        return null;
    }

    /// <summary>Patient and study as the source has them, byte for byte.</summary>
    public static void SetPatientAndStudy(DataSetBuilder dataSet, DicomReference? source)
    {
        foreach (uint tag in NeverAbsent)
            dataSet.SetBytes(new Attribute(tag, DicomReference.CarriedVr(tag)), []);
        foreach ((uint tag, byte[] value) in source?.Carried ?? [])
            if (DicomReference.IsOfPatientOrStudy(tag))
                dataSet.SetBytes(new Attribute(tag, DicomReference.CarriedVr(tag)), value);
    }

    /// <summary>Whether the source's pixels went through lossy compression, which every object derived from them must say.</summary>
    public static void SetLossyCompression(DataSetBuilder dataSet, DicomReference? source)
    {
        bool lossy = source is { IsLossy: true };
        dataSet.Set(Attribute.LossyImageCompression, lossy ? "01" : "00");
        if (!lossy)
            return;
        foreach (Attribute attribute in (ReadOnlySpan<Attribute>)[
            Attribute.LossyImageCompressionRatio, Attribute.LossyImageCompressionMethod])
            if (source!.Carried.FirstOrDefault(c => c.Tag == attribute.Tag).Value is { Length: > 0 } value)
                dataSet.SetBytes(attribute, value);
    }

    /// <summary>The item of a derivation sequence: what was done, and to which image.</summary>
    public static DataSetBuilder Derivation(DicomReference source, string description) => new DataSetBuilder()
        .Set(Attribute.DerivationDescription, description)
        .Set(Attribute.DerivationCodeSequence, Segmentation)
        .Set(Attribute.SourceImageSequence, Reference(source));

    /// <summary>What was found and how, in a sentence.</summary>
    public static string Description(SegmentationMethod method, string found = "lungs") =>
        $"{found} found by network {method.Network} of {Software.Name} {Software.Version}, threshold "
            + $"{FormattableString.Invariant($"{method.Threshold}")}{(method.Contrast is { } stretch ? $", contrast {stretch}" : "")}";

    /// <summary>
    /// All that a result depends on besides its image: network, weights by their content, network size, threshold, mode and contrast.
    /// </summary>
    public static string Settings(SegmentationMethod method, DicomReference? source) => string.Create(
        CultureInfo.InvariantCulture,
        $"network {method.Network}; weights SHA-256 {method.WeightsSha256.Value}; network size {method.NetworkSize}; "
        + $"threshold {method.Threshold}; mode {method.Mode}; VOI {source?.Options.Voi ?? Voi.Auto}; "
        + $"inversion {source?.Options.Invert ?? Inversion.Auto}; contrast {method.Contrast?.ToString() ?? "as read"}");

    /// <summary>What found the lungs, as an item of an algorithm identification sequence (PS3.3, 10.16).</summary>
    public static DataSetBuilder Algorithm(SegmentationMethod method, DicomReference source) => new DataSetBuilder()
        .Set(Attribute.AlgorithmFamilyCodeSequence, ArtificialIntelligence)
        .Set(Attribute.AlgorithmName, $"{Software.Name} {method.NetworkName}")
        .Set(Attribute.AlgorithmVersion, Software.Version)
        .Set(Attribute.AlgorithmParameters, Settings(method, source));

    /// <summary>The identifier by which a lung of an image is known in all objects that are derived from it.</summary>
    public static string TrackingUid(DicomReference source, LungSide side) =>
        DicomUid.Of("lung", source.SopInstanceUid, FormattableString.Invariant($"{source.Frame}"), LungNames.Of(side));

    /// <summary>
    /// The frame of reference of the source, or, since projection images mostly have none, one that all images of its study share.
    /// </summary>
    public static string FrameOfReference(DicomReference source) =>
        source.FrameOfReferenceUid.Length > 0 ? source.FrameOfReferenceUid : DicomUid.Of("frame of reference", source.StudyInstanceUid);

    /// <summary>
    /// The orientation of rows and columns: the source's own, or, since viewers show nothing without one, a nominal one of the image plane
    /// (1, 0, 0 and 0, 1, 0), which says nothing about the patient.
    /// </summary>
    public static DataSetBuilder PlaneOrientation(DicomReference source) => new DataSetBuilder().Set(
        Attribute.ImageOrientationPatient,
        string.Join('\\', (source.ImageOrientation ?? [1, 0, 0, 0, 1, 0])
            .Select(cosine => FormattableString.Invariant($"{cosine:0.##########}"))));

    /// <summary>The source with its frame and the purpose of the reference.</summary>
    public static DataSetBuilder Reference(DicomReference source) => Instance(source, withFrame: true)
        .Set(Attribute.PurposeOfReferenceCodeSequence, ProcessingSource)
        .Set(Attribute.SpatialLocationsPreserved, "YES");

    /// <summary>Series and instance of the source, for the common instance reference module.</summary>
    public static void SetReferencedSeries(DataSetBuilder dataSet, DicomReference source) => dataSet.Set(
        Attribute.ReferencedSeriesSequence,
        new DataSetBuilder().Set(Attribute.SeriesInstanceUid, source.SeriesInstanceUid)
            .Set(Attribute.ReferencedInstanceSequence, Instance(source)));

    /// <summary>The source, and where it has several frames the one that was read.</summary>
    public static DataSetBuilder Instance(DicomReference source, bool withFrame = false)
    {
        DataSetBuilder instance = new DataSetBuilder()
            .Set(Attribute.ReferencedSopClassUid, source.SopClassUid)
            .Set(Attribute.ReferencedSopInstanceUid, source.SopInstanceUid);
        return withFrame && source.Frames > 1
            ? instance.Set(Attribute.ReferencedFrameNumber, FormattableString.Invariant($"{source.Frame}")) : instance;
    }

    private static string Kind(Radiograph image) => image.Description.Length > 0 ? $"an image ({image.Description})" : "an image";
}
