using LungSeg.Imaging.Outputs;

namespace LungSeg.Imaging.Dicom.Writing;

/// <summary>
/// A DICOM Secondary Capture image (PS3.3, A.8.1) of the picture with its overlay burnt in, in colour. It refers to its source; of a
/// picture that is no DICOM image it stands in a study of its own.
/// </summary>
internal static class SecondaryCapture
{
    private const string SeriesNumber = "9002";

    public static void Write(Stream stream, LungSegmentation result)
    {
        DicomReference? source = result.Picture.Dicom;
        bool refers = source is { SopClassUid.Length: > 0, SopInstanceUid.Length: > 0, StudyInstanceUid.Length: > 0, SeriesInstanceUid.Length: > 0 };
        byte[] rgb = Overlay.Draw(result.PictureUnderMask(), result.Sided);
        string content = DicomUid.Fingerprint(rgb), method = $"{result.Method.Network} {Path.GetFileName(result.Method.Weights)} {result.Method.Threshold}";
        string study = refers ? source!.StudyInstanceUid : DicomUid.Of("study", content);
        string series = DicomUid.Of("secondary capture series", refers ? source!.SeriesInstanceUid : content, method, Software.Version);
        DataSetBuilder dataSet = new();
        SourceImage.SetPatientAndStudy(dataSet, source);
        SourceImage.SetEquipment(dataSet, result.Method);
        SourceImage.SetLossyCompression(dataSet, source);
        CreationTime.Set(dataSet);
        dataSet
            .Set(Attribute.StudyInstanceUid, study)
            .Set(Attribute.Modality, source?.Modality is { Length: > 0 } modality ? modality : "OT")
            .Set(Attribute.SeriesInstanceUid, series)
            .Set(Attribute.SeriesNumber, SeriesNumber)
            .Set(Attribute.PatientOrientation, "")
            .Set(Attribute.SeriesDescription, $"Lungs outlined ({Software.Name} {result.Method.Network})")
            .Set(Attribute.ConversionType, "WSD")
            .Set(Attribute.InstanceNumber, source?.InstanceNumber is { Length: > 0 } number ? number : "1")
            .Set(Attribute.ImageType, @"DERIVED\SECONDARY")
            .Set(Attribute.DerivationDescription, SourceImage.Description(result.Method))
            .Set(Attribute.SamplesPerPixel, 3)
            .Set(Attribute.PhotometricInterpretation, "RGB")
            .Set(Attribute.PlanarConfiguration, 0)
            .Set(Attribute.Rows, (uint)result.Mask.Height)
            .Set(Attribute.Columns, (uint)result.Mask.Width)
            .Set(Attribute.BitsAllocated, 8)
            .Set(Attribute.BitsStored, 8)
            .Set(Attribute.HighBit, 7)
            .Set(Attribute.PixelRepresentation, 0)
            .SetBytes(Attribute.PixelDataBytes, rgb);
        // Of an unpaired part of the body, laterality has no place; of an unknown one it is unknown.
        if (source is not { BodyPartExamined.Length: > 0 })
            dataSet.Set(Attribute.Laterality, "");
        if (refers)
        {
            dataSet.Set(Attribute.SourceImageSequence, SourceImage.Reference(source!));
            SourceImage.SetReferencedSeries(dataSet, source!);
        }
        foreach ((uint tag, byte[] value) in source?.Carried ?? [])
            if (DicomReference.IsOfGeometry(tag) && (result.MaskLiesOnPicture || tag == Tags.PatientOrientation))
                dataSet.SetBytes(new Attribute(tag, DicomReference.CarriedVr(tag)), value);
        DicomFileWriter.Write(stream, SopClass.SecondaryCapture, DicomUid.Of("secondary capture", refers ? source!.SopInstanceUid : study, method, Software.Version, content), dataSet);
    }
}
