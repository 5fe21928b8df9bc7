namespace LungSeg.Imaging.Dicom.Writing;

/// <summary>A data element that is written: its tag, group in the high 16 bits, and value representation (DICOM PS3.6).</summary>
internal readonly record struct Attribute(uint Tag, string Vr)
{
    public static readonly Attribute
        FileMetaInformationVersion = new(0x00020001, "OB"),
        MediaStorageSopClassUid = new(0x00020002, "UI"),
        MediaStorageSopInstanceUid = new(0x00020003, "UI"),
        TransferSyntaxUid = new(0x00020010, "UI"),
        ImplementationClassUid = new(0x00020012, "UI"),
        ImplementationVersionName = new(0x00020013, "SH");

    public static readonly Attribute
        ImageType = new(0x00080008, "CS"),
        SopClassUid = new(0x00080016, "UI"),
        SopInstanceUid = new(0x00080018, "UI"),
        ContentDate = new(0x00080023, "DA"),
        ContentTime = new(0x00080033, "TM"),
        Modality = new(0x00080060, "CS"),
        ConversionType = new(0x00080064, "CS"),
        Manufacturer = new(0x00080070, "LO"),
        CodeValue = new(0x00080100, "SH"),
        CodingSchemeDesignator = new(0x00080102, "SH"),
        CodeMeaning = new(0x00080104, "LO"),
        SeriesDescription = new(0x0008103E, "LO"),
        ManufacturerModelName = new(0x00081090, "LO"),
        ReferencedSeriesSequence = new(0x00081115, "SQ"),
        ReferencedInstanceSequence = new(0x0008114A, "SQ"),
        ReferencedSopClassUid = new(0x00081150, "UI"),
        ReferencedSopInstanceUid = new(0x00081155, "UI"),
        ReferencedFrameNumber = new(0x00081160, "IS"),
        DerivationDescription = new(0x00082111, "ST"),
        SourceImageSequence = new(0x00082112, "SQ"),
        DerivationImageSequence = new(0x00089124, "SQ"),
        DerivationCodeSequence = new(0x00089215, "SQ"),
        DeviceSerialNumber = new(0x00181000, "LO"),
        SoftwareVersions = new(0x00181020, "LO");

    public static readonly Attribute
        StudyInstanceUid = new(0x0020000D, "UI"),
        SeriesInstanceUid = new(0x0020000E, "UI"),
        SeriesNumber = new(0x00200011, "IS"),
        InstanceNumber = new(0x00200013, "IS"),
        PatientOrientation = new(0x00200020, "CS"),
        FrameOfReferenceUid = new(0x00200052, "UI"),
        Laterality = new(0x00200060, "CS"),
        PositionReferenceIndicator = new(0x00201040, "LO"),
        FrameContentSequence = new(0x00209111, "SQ"),
        DimensionIndexValues = new(0x00209157, "UL"),
        DimensionOrganizationUid = new(0x00209164, "UI"),
        DimensionIndexPointer = new(0x00209165, "AT"),
        FunctionalGroupPointer = new(0x00209167, "AT"),
        DimensionOrganizationSequence = new(0x00209221, "SQ"),
        DimensionIndexSequence = new(0x00209222, "SQ"),
        DimensionDescriptionLabel = new(0x00209421, "LO");

    public static readonly Attribute
        SamplesPerPixel = new(0x00280002, "US"),
        PhotometricInterpretation = new(0x00280004, "CS"),
        PlanarConfiguration = new(0x00280006, "US"),
        NumberOfFrames = new(0x00280008, "IS"),
        Rows = new(0x00280010, "US"),
        Columns = new(0x00280011, "US"),
        PixelSpacing = new(0x00280030, "DS"),
        BitsAllocated = new(0x00280100, "US"),
        BitsStored = new(0x00280101, "US"),
        HighBit = new(0x00280102, "US"),
        PixelRepresentation = new(0x00280103, "US"),
        LossyImageCompression = new(0x00282110, "CS"),
        LossyImageCompressionRatio = new(0x00282112, "DS"),
        LossyImageCompressionMethod = new(0x00282114, "CS"),
        PixelMeasuresSequence = new(0x00289110, "SQ"),
        SpatialLocationsPreserved = new(0x0028135A, "CS"),
        PurposeOfReferenceCodeSequence = new(0x0040A170, "SQ");

    public static readonly Attribute
        SegmentationType = new(0x00620001, "CS"),
        SegmentSequence = new(0x00620002, "SQ"),
        SegmentedPropertyCategoryCodeSequence = new(0x00620003, "SQ"),
        SegmentNumber = new(0x00620004, "US"),
        SegmentLabel = new(0x00620005, "LO"),
        SegmentDescription = new(0x00620006, "ST"),
        SegmentAlgorithmType = new(0x00620008, "CS"),
        SegmentAlgorithmName = new(0x00620009, "LO"),
        SegmentIdentificationSequence = new(0x0062000A, "SQ"),
        ReferencedSegmentNumber = new(0x0062000B, "US"),
        RecommendedDisplayCieLabValue = new(0x0062000D, "US"),
        SegmentedPropertyTypeCodeSequence = new(0x0062000F, "SQ"),
        SegmentedPropertyTypeModifierCodeSequence = new(0x00620011, "SQ"),
        SegmentsOverlap = new(0x00620013, "CS"),
        ContentLabel = new(0x00700080, "CS"),
        ContentDescription = new(0x00700081, "LO"),
        ContentCreatorName = new(0x00700084, "PN"),
        SharedFunctionalGroupsSequence = new(0x52009229, "SQ"),
        PerFrameFunctionalGroupsSequence = new(0x52009230, "SQ"),
        PixelDataBytes = new(0x7FE00010, "OB");
}
