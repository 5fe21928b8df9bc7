using LungSeg.Imaging.Dicom.Display;

namespace LungSeg.Imaging.Dicom;

/// <summary>
/// What names a DICOM image and its patient, study and series, for objects that are derived from it. Texts are as stored, decoded
/// as UTF-8 where <see cref="SpecificCharacterSet"/> is ISO_IR 192 and byte for byte (Latin-1) otherwise; "" where absent.
/// </summary>
public sealed record DicomReference
{
    /// <summary>SOP Class UID (0008,0016).</summary>
    public required string SopClassUid { get; init; }

    /// <summary>SOP Instance UID (0008,0018).</summary>
    public required string SopInstanceUid { get; init; }

    /// <summary>Study Instance UID (0020,000D).</summary>
    public required string StudyInstanceUid { get; init; }

    /// <summary>Series Instance UID (0020,000E).</summary>
    public required string SeriesInstanceUid { get; init; }

    /// <summary>Frame of Reference UID (0020,0052); projection images mostly have none.</summary>
    public required string FrameOfReferenceUid { get; init; }

    /// <summary>Transfer Syntax UID (0002,0010), or the one found where the file names none.</summary>
    public required string TransferSyntaxUid { get; init; }

    /// <summary>Specific Character Set (0008,0005).</summary>
    public required string SpecificCharacterSet { get; init; }

    /// <summary>Patient's Name (0010,0010).</summary>
    public required string PatientName { get; init; }

    /// <summary>Patient ID (0010,0020).</summary>
    public required string PatientId { get; init; }

    /// <summary>Patient's Birth Date (0010,0030).</summary>
    public required string PatientBirthDate { get; init; }

    /// <summary>Patient's Sex (0010,0040).</summary>
    public required string PatientSex { get; init; }

    /// <summary>Study Date (0008,0020).</summary>
    public required string StudyDate { get; init; }

    /// <summary>Study Time (0008,0030).</summary>
    public required string StudyTime { get; init; }

    /// <summary>Study ID (0020,0010).</summary>
    public required string StudyId { get; init; }

    /// <summary>Accession Number (0008,0050).</summary>
    public required string AccessionNumber { get; init; }

    /// <summary>Referring Physician's Name (0008,0090).</summary>
    public required string ReferringPhysicianName { get; init; }

    /// <summary>Modality (0008,0060).</summary>
    public required string Modality { get; init; }

    /// <summary>Patient Orientation (0020,0020), values parted by a backslash.</summary>
    public required string PatientOrientation { get; init; }

    /// <summary>
    /// Image Orientation (Patient) (0020,0037): the direction cosines of rows, then of columns; null where the file states none that is
    /// right.
    /// </summary>
    public IReadOnlyList<double>? ImageOrientation { get; init; }

    /// <summary>
    /// Image Position (Patient) (0020,0032): the centre of the first pixel in millimetres; null where the file states none.
    /// </summary>
    public IReadOnlyList<double>? ImagePosition { get; init; }

    /// <summary>View Position (0018,5101).</summary>
    public required string ViewPosition { get; init; }

    /// <summary>Body Part Examined (0018,0015).</summary>
    public required string BodyPartExamined { get; init; }

    /// <summary>Instance Number (0020,0013).</summary>
    public required string InstanceNumber { get; init; }

    /// <summary>
    /// Whether the pixels went through lossy compression: Lossy Image Compression (0028,2110) says so, or the file's own coding is lossy.
    /// </summary>
    public required bool IsLossy { get; init; }

    /// <summary>Rows (0028,0010).</summary>
    public required int Rows { get; init; }

    /// <summary>Columns (0028,0011).</summary>
    public required int Columns { get; init; }

    /// <summary>Number of Frames (0028,0008), 1 where absent.</summary>
    public required int Frames { get; init; }

    /// <summary>The frame that was read, counted from 1.</summary>
    public required int Frame { get; init; }

    /// <summary>How grey values were read.</summary>
    public DicomOptions Options { get; init; } = new();

    /// <summary>The grey scale with which the image was read; null for colour.</summary>
    internal GreyMapping? GreyMapping { get; init; }

    /// <summary>Elements that derived objects take over, byte for byte.</summary>
    internal IReadOnlyList<(uint Tag, byte[] Value)> Carried { get; init; } = [];

    /// <summary>The elements of <see cref="Carried"/> with their value representations: patient and study, geometry, compression.</summary>
    private static readonly (uint Tag, string Vr, bool IsOfPatientOrStudy, bool IsOfGeometry)[] ToCarry =
    [
        (Tags.SpecificCharacterSet, "CS", true, false),
        (Tags.StudyDate, "DA", true, false),
        (Tags.StudyTime, "TM", true, false),
        (Tags.AccessionNumber, "SH", true, false),
        (Tags.ReferringPhysicianName, "PN", true, false),
        (Tags.StudyDescription, "LO", true, false),
        (Tags.PatientName, "PN", true, false),
        (Tags.PatientId, "LO", true, false),
        (Tags.IssuerOfPatientId, "LO", true, false),
        (Tags.PatientBirthDate, "DA", true, false),
        (Tags.PatientSex, "CS", true, false),
        (Tags.PatientAge, "AS", true, false),
        (Tags.StudyId, "SH", true, false),
        (Tags.BodyPartExamined, "CS", false, true),
        (Tags.PatientOrientation, "CS", false, true),
        (Tags.PixelSpacing, "DS", false, true),
        (Tags.PixelSpacingCalibrationType, "CS", false, true),
        (Tags.PixelSpacingCalibrationDescription, "LO", false, true),
        (Tags.ImagerPixelSpacing, "DS", false, true),
        (Tags.MagnificationFactor, "DS", false, true),
        (Tags.NominalScannedPixelSpacing, "DS", false, true),
        (Tags.PixelAspectRatio, "IS", false, true),
        (Tags.BurnedInAnnotation, "CS", false, true),
        (Tags.LossyImageCompressionRatio, "DS", false, false),
        (Tags.LossyImageCompressionMethod, "CS", false, false),
    ];

    internal static string CarriedVr(uint tag) => Array.Find(ToCarry, c => c.Tag == tag).Vr;

    internal static bool IsOfPatientOrStudy(uint tag) => Array.Find(ToCarry, c => c.Tag == tag).IsOfPatientOrStudy;

    internal static bool IsOfGeometry(uint tag) => Array.Find(ToCarry, c => c.Tag == tag).IsOfGeometry;

    /// <summary>Copies what derived objects take over; what the file lacks is left out.</summary>
    internal static IReadOnlyList<(uint Tag, byte[] Value)> Carry(DataSet data) =>
        [.. ToCarry.Where(c => data.Has(c.Tag)).Select(c => (c.Tag, data.Bytes(c.Tag).ToArray()))];
}
