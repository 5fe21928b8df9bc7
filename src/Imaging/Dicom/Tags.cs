using System.Collections.Frozen;

namespace LungSeg.Imaging.Dicom;

/// <summary>The data elements that are kept when a file is read, group in the high 16 bits; all others are walked over.</summary>
internal static class Tags
{
    public const uint Item = 0xFFFEE000, ItemEnd = 0xFFFEE00D, SequenceEnd = 0xFFFEE0DD;

    public const uint MetaGroupLength = 0x00020000, MediaStorageSopClassUid = 0x00020002, MediaStorageSopInstanceUid = 0x00020003,
        TransferSyntaxUid = 0x00020010;
    public const uint SpecificCharacterSet = 0x00080005, ImageType = 0x00080008, Manufacturer = 0x00080070, SopClassUid = 0x00080016,
        SopInstanceUid = 0x00080018, StudyDate = 0x00080020, StudyTime = 0x00080030, AccessionNumber = 0x00080050,
        Modality = 0x00080060, PresentationIntentType = 0x00080068, StationName = 0x00081010, ReferringPhysicianName = 0x00080090,
        StudyDescription = 0x00081030;
    public const uint PatientName = 0x00100010, PatientId = 0x00100020, PatientBirthDate = 0x00100030, PatientSex = 0x00100040,
        IssuerOfPatientId = 0x00100021, PatientAge = 0x00101010;
    public const uint BodyPartExamined = 0x00180015, MagnificationFactor = 0x00181114, ImagerPixelSpacing = 0x00181164,
        NominalScannedPixelSpacing = 0x00182010, ViewPosition = 0x00185101;
    public const uint StudyInstanceUid = 0x0020000D, SeriesInstanceUid = 0x0020000E, StudyId = 0x00200010, InstanceNumber = 0x00200013,
        PatientOrientation = 0x00200020, ImagePositionPatient = 0x00200032, ImageOrientationPatient = 0x00200037,
        FrameOfReferenceUid = 0x00200052;
    public const uint SamplesPerPixel = 0x00280002, PhotometricInterpretation = 0x00280004, PlanarConfiguration = 0x00280006,
        NumberOfFrames = 0x00280008, Rows = 0x00280010, Columns = 0x00280011, PixelSpacing = 0x00280030,
        PixelAspectRatio = 0x00280034, BitsAllocated = 0x00280100, BitsStored = 0x00280101, HighBit = 0x00280102,
        PixelRepresentation = 0x00280103, PixelPaddingValue = 0x00280120, PixelPaddingRangeLimit = 0x00280121,
        BurnedInAnnotation = 0x00280301, PixelSpacingCalibrationType = 0x00280A02, PixelSpacingCalibrationDescription = 0x00280A04,
        WindowCenter = 0x00281050, WindowWidth = 0x00281051, RescaleIntercept = 0x00281052, RescaleSlope = 0x00281053,
        VoiLutFunction = 0x00281056, LossyImageCompression = 0x00282110, LossyImageCompressionRatio = 0x00282112,
        LossyImageCompressionMethod = 0x00282114,
        RedPaletteDescriptor = 0x00281101, GreenPaletteDescriptor = 0x00281102, BluePaletteDescriptor = 0x00281103,
        RedPaletteData = 0x00281201, GreenPaletteData = 0x00281202, BluePaletteData = 0x00281203,
        SegmentedRedPaletteData = 0x00281221, ModalityLutSequence = 0x00283000, LutDescriptor = 0x00283002,
        LutData = 0x00283006, VoiLutSequence = 0x00283010;
    public const uint SegmentationType = 0x00620001, MaximumFractionalValue = 0x0062000E;
    public const uint PresentationLutShape = 0x20500020;
    public const uint ExtendedOffsetTable = 0x7FE00001, FloatPixelData = 0x7FE00008, DoubleFloatPixelData = 0x7FE00009,
        PixelData = 0x7FE00010;

    private static readonly FrozenDictionary<uint, string> Names = new Dictionary<uint, string>
    {
        [MetaGroupLength] = "File Meta Information Group Length",
        [MediaStorageSopClassUid] = "Media Storage SOP Class UID",
        [MediaStorageSopInstanceUid] = "Media Storage SOP Instance UID",
        [TransferSyntaxUid] = "Transfer Syntax UID",
        [SpecificCharacterSet] = "Specific Character Set",
        [ImageType] = "Image Type",
        [Manufacturer] = "Manufacturer",
        [StationName] = "Station Name",
        [SopClassUid] = "SOP Class UID",
        [SopInstanceUid] = "SOP Instance UID",
        [StudyDate] = "Study Date",
        [StudyTime] = "Study Time",
        [AccessionNumber] = "Accession Number",
        [Modality] = "Modality",
        [PresentationIntentType] = "Presentation Intent Type",
        [ReferringPhysicianName] = "Referring Physician's Name",
        [PatientName] = "Patient's Name",
        [PatientId] = "Patient ID",
        [PatientBirthDate] = "Patient's Birth Date",
        [PatientSex] = "Patient's Sex",
        [BodyPartExamined] = "Body Part Examined",
        [MagnificationFactor] = "Estimated Radiographic Magnification Factor",
        [ImagerPixelSpacing] = "Imager Pixel Spacing",
        [NominalScannedPixelSpacing] = "Nominal Scanned Pixel Spacing",
        [ViewPosition] = "View Position",
        [StudyInstanceUid] = "Study Instance UID",
        [SeriesInstanceUid] = "Series Instance UID",
        [StudyId] = "Study ID",
        [PatientOrientation] = "Patient Orientation",
        [ImagePositionPatient] = "Image Position (Patient)",
        [ImageOrientationPatient] = "Image Orientation (Patient)",
        [FrameOfReferenceUid] = "Frame of Reference UID",
        [SamplesPerPixel] = "Samples per Pixel",
        [PhotometricInterpretation] = "Photometric Interpretation",
        [PlanarConfiguration] = "Planar Configuration",
        [NumberOfFrames] = "Number of Frames",
        [Rows] = "Rows",
        [Columns] = "Columns",
        [PixelSpacing] = "Pixel Spacing",
        [PixelAspectRatio] = "Pixel Aspect Ratio",
        [BitsAllocated] = "Bits Allocated",
        [BitsStored] = "Bits Stored",
        [HighBit] = "High Bit",
        [PixelRepresentation] = "Pixel Representation",
        [PixelPaddingValue] = "Pixel Padding Value",
        [PixelPaddingRangeLimit] = "Pixel Padding Range Limit",
        [BurnedInAnnotation] = "Burned In Annotation",
        [PixelSpacingCalibrationType] = "Pixel Spacing Calibration Type",
        [WindowCenter] = "Window Center",
        [WindowWidth] = "Window Width",
        [RescaleIntercept] = "Rescale Intercept",
        [RescaleSlope] = "Rescale Slope",
        [VoiLutFunction] = "VOI LUT Function",
        [RedPaletteDescriptor] = "Red Palette Color Lookup Table Descriptor",
        [GreenPaletteDescriptor] = "Green Palette Color Lookup Table Descriptor",
        [BluePaletteDescriptor] = "Blue Palette Color Lookup Table Descriptor",
        [RedPaletteData] = "Red Palette Color Lookup Table Data",
        [GreenPaletteData] = "Green Palette Color Lookup Table Data",
        [BluePaletteData] = "Blue Palette Color Lookup Table Data",
        [SegmentedRedPaletteData] = "Segmented Red Palette Color Lookup Table Data",
        [IssuerOfPatientId] = "Issuer of Patient ID",
        [PatientAge] = "Patient's Age",
        [InstanceNumber] = "Instance Number",
        [StudyDescription] = "Study Description",
        [PixelSpacingCalibrationDescription] = "Pixel Spacing Calibration Description",
        [LossyImageCompression] = "Lossy Image Compression",
        [LossyImageCompressionRatio] = "Lossy Image Compression Ratio",
        [LossyImageCompressionMethod] = "Lossy Image Compression Method",
        [ModalityLutSequence] = "Modality LUT Sequence",
        [LutDescriptor] = "LUT Descriptor",
        [LutData] = "LUT Data",
        [VoiLutSequence] = "VOI LUT Sequence",
        [SegmentationType] = "Segmentation Type",
        [MaximumFractionalValue] = "Maximum Fractional Value",
        [PresentationLutShape] = "Presentation LUT Shape",
        [ExtendedOffsetTable] = "Extended Offset Table",
        [FloatPixelData] = "Float Pixel Data",
        [DoubleFloatPixelData] = "Double Float Pixel Data",
        [PixelData] = "Pixel Data",
    }.ToFrozenDictionary();

    public static bool IsKept(uint tag) => Names.ContainsKey(tag) || IsOverlayBitPosition(tag);

    /// <summary>Overlay Bit Position (60xx,0102), in which bit of the pixel data an overlay is; groups 6000 to 601E, even ones.</summary>
    public static bool IsOverlayBitPosition(uint tag) => (tag & 0xFFE1FFFF) == 0x60000102;

    public static bool IsKeptSequence(uint tag) => tag is ModalityLutSequence or VoiLutSequence;

    public static bool IsPixelData(uint tag) => tag is PixelData or FloatPixelData or DoubleFloatPixelData;

    /// <summary>The element's name and number, such as "Rows (0028,0010)".</summary>
    public static string Describe(uint tag)
    {
        string number = $"({tag >> 16:X4},{tag & 0xFFFF:X4})";
        return Names.TryGetValue(tag, out string? name) ? $"{name} {number}" : $"the element {number}";
    }
}
