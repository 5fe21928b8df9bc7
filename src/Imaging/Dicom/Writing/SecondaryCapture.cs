namespace LungSeg.Imaging.Dicom.Writing;

/// <summary>
/// A DICOM Secondary Capture image (PS3.3, A.8.1) of the image with its overlay burnt in, in colour. It refers to its source; of a
/// image that is no DICOM image it stands in a study of its own.
/// </summary>
internal static class SecondaryCapture
{
    /// <summary>Makes the object.</summary>
    public static DerivedObject Make(LungSegmentation result, string format)
    {
        if (Math.Max(result.Mask.Width, result.Mask.Height) > ushort.MaxValue)
            throw new ImageException(
                $"{result.Image.Name}: {format} has at most {ushort.MaxValue} pixels along a side, and this image has more; leave "
                + $"{format} out");
        DicomReference? source = result.Image.Dicom;
        bool refers = source is not null && SourceImage.Missing(source) is null;
        byte[] rgb = Overlay.Draw(result.ImageUnderMask(), result.Sided);
        DerivedKind kind = new(
            "SC", SopClass.SecondaryCapture, source?.Modality is { Length: > 0 } modality ? modality : "OT", 9002, "lungs outlined");
        DataSetBuilder dataSet = refers ? DerivedObject.Begin(kind, result.Method, source!)
            : DerivedObject.BeginAlone(kind, result, DicomUid.Fingerprint(rgb));
        SourceImage.SetLossyCompression(dataSet, source);
        dataSet
            .Set(Attribute.PatientOrientation, "")
            .Set(Attribute.ConversionType, "WSD")
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
            if (DicomReference.IsOfGeometry(tag) && (result.MaskLiesOnImage || tag == Tags.PatientOrientation))
                dataSet.SetBytes(new Attribute(tag, DicomReference.CarriedVr(tag)), value);
        return DerivedObject.Complete(kind, result.ContentTime, dataSet);
    }
}
