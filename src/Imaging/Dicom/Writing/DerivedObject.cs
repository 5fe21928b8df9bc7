namespace LungSeg.Imaging.Dicom.Writing;

/// <summary>
/// A kind of object that is derived from an image. <paramref name="Word"/>, of at most five characters, starts the series description, so
/// that kind and network show in the 16 characters that viewers have room for.
/// </summary>
internal sealed record DerivedKind(string Word, string SopClassUid, string Modality, int SeriesNumber, string Content);

/// <summary>
/// An object derived from an image, ready to be written. Each source image and kind has a series of its own, since viewers show one
/// segmentation of a series; other settings, weights or versions are another series.
/// </summary>
internal sealed record DerivedObject(string SopClassUid, string SopInstanceUid, string SeriesInstanceUid, DataSetBuilder DataSet)
{
    /// <summary>A data set with patient, study, series and equipment.</summary>
    public static DataSetBuilder Begin(DerivedKind kind, SegmentationMethod method, DicomReference source)
    {
        DataSetBuilder dataSet = new DataSetBuilder();
        SourceImage.SetPatientAndStudy(dataSet, source);
        return SetSeriesAndEquipment(dataSet, kind, method)
            .Set(Attribute.StudyInstanceUid, source.StudyInstanceUid)
            .Set(Attribute.SeriesInstanceUid, SeriesOf(kind, source.SopInstanceUid, source, method))
            .Set(Attribute.InstanceNumber, "1");
    }

    /// <summary>
    /// The same for an image that is no DICOM image, or one that nothing can refer to: a study of its own, named by its content.
    /// </summary>
    public static DataSetBuilder BeginAlone(DerivedKind kind, LungSegmentation result, string content)
    {
        DataSetBuilder dataSet = new DataSetBuilder();
        SourceImage.SetPatientAndStudy(dataSet, result.Image.Dicom);
        return SetSeriesAndEquipment(dataSet, kind, result.Method)
            .Set(Attribute.StudyInstanceUid, DicomUid.Of("study", content))
            .Set(Attribute.SeriesInstanceUid, SeriesOf(kind, content, result.Image.Dicom, result.Method))
            .Set(Attribute.InstanceNumber, "1");
    }

    /// <summary>
    /// Gives a complete data set its identifier, which follows from all that the data set holds but the time: the same result has the same
    /// identifier, and another result another. Without a time it is made now.
    /// </summary>
    public static DerivedObject Complete(DerivedKind kind, DateTime? time, DataSetBuilder dataSet)
    {
        string uid = DicomUid.Of(kind.SopClassUid, dataSet.Fingerprint());
        CreationTime.Set(dataSet, kind, time);
        dataSet.Set(Attribute.SopClassUid, kind.SopClassUid).Set(Attribute.SopInstanceUid, uid);
        return new DerivedObject(kind.SopClassUid, uid, dataSet.Text(Attribute.SeriesInstanceUid), dataSet);
    }

    /// <summary>The object as a DICOM file.</summary>
    public void Write(Stream stream, DicomCompression compression) => DicomFileWriter.Write(stream, this, compression);

    private static DataSetBuilder SetSeriesAndEquipment(DataSetBuilder dataSet, DerivedKind kind, SegmentationMethod method) => dataSet
        .Set(Attribute.Modality, kind.Modality)
        .Set(Attribute.SeriesNumber, FormattableString.Invariant($"{kind.SeriesNumber}"))
        .Set(Attribute.SeriesDescription, $"{kind.Word} {method.NetworkName}: {kind.Content} ({Software.Name} {Software.Version})")
        .Set(Attribute.Manufacturer, Software.Name)
        .Set(Attribute.ManufacturerModelName, $"{Software.Name} {method.Network}")
        .Set(Attribute.DeviceSerialNumber, Software.Version)
        .Set(Attribute.SoftwareVersions, Software.Version);

    private static string SeriesOf(DerivedKind kind, string image, DicomReference? source, SegmentationMethod method) =>
        DicomUid.Of("series", kind.Word, image, FormattableString.Invariant($"{source?.Frame ?? 1}"), SourceImage.Settings(method, source),
            Software.Version);
}
