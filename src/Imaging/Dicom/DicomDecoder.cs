using LungSeg.Imaging.Codecs;
using LungSeg.Imaging.Dicom.Codecs;
using LungSeg.Imaging.Dicom.Display;

namespace LungSeg.Imaging.Dicom;

/// <summary>
/// DICOM files of projection radiography: one frame, decoded and shown as its tags say, with spacing, sides and every decision.
/// </summary>
internal sealed class DicomDecoder(DicomOptions options) : IImageDecoder
{
    public string Format => "DICOM";

    public bool Recognizes(ReadOnlySpan<byte> file) => DicomFile.Recognizes(file);

    public Radiograph Decode(byte[] file)
    {
        DecisionLog log = new();
        try
        {
            return Decode(file, log);
        }
        catch (ImageException e)
        {
            throw new ImageException(e.Message, e.InnerException) { Decisions = log.Decisions, Remedy = e.Remedy };
        }
    }

    private Radiograph Decode(byte[] file, DecisionLog log)
    {
        DicomFile dicom = DicomFile.Read(file, log);
        DataSet data = dicom.DataSet;
        SopClass.Note(data, log);
        if (options.ImagesOnly && SopClass.NoImage(data, dicom.Meta) is { } kind)
            throw new ImageException(
                $"the DICOM file is no acquired image: {kind} ({SopClass.Describe(data.Text(Tags.SopClassUid))}); name the image "
                + "itself");
        ImagePixel.RefuseNoImage(data);
        FrameDecoder.RefuseUnsupported(dicom.Syntax);
        ImagePixel image = ImagePixel.Read(data, log);
        (Frame frame, int number, image) = FrameDecoder.Decode(dicom, image, options, log);
        GreyMapping? mapping = null;
        (ushort[] samples, int depth) = image.IsColor ? ColorImage.Make(frame, image, data, options, log) : Grey();
        (PixelSpacing? spacing, string spacingSource, SpacingPlane plane) = PixelDistance.Find(data, log);
        return new Radiograph(image.Columns, image.Rows, image.IsColor ? 3 : 1, depth, samples)
        {
            Spacing = spacing,
            SpacingSource = spacingSource,
            SpacingPlane = plane,
            PatientLeftIsOnTheRight = PatientSides.LeftIsOnTheRight(data, log),
            Description = $"DICOM, {dicom.Syntax.Name}, {image.BitsStored}-bit {image.Photometric}",
            Dicom = Refer(data, dicom.Syntax, image, number, frame.IsLossy || dicom.Syntax.IsNearLossless, mapping),
            Decisions = log.Decisions,
        };

        (ushort[] Samples, int BitDepth) Grey()
        {
            (ushort[] grey, int bits, mapping) = GreyImage.Make(frame, image, data, options, log);
            return (grey, bits);
        }
    }

    private DicomReference Refer(DataSet data, TransferSyntax syntax, ImagePixel image, int frame, bool isLossy, GreyMapping? mapping) =>
        new()
        {
            SopClassUid = data.Text(Tags.SopClassUid),
            SopInstanceUid = data.Text(Tags.SopInstanceUid),
            StudyInstanceUid = data.Text(Tags.StudyInstanceUid),
            SeriesInstanceUid = data.Text(Tags.SeriesInstanceUid),
            FrameOfReferenceUid = data.Text(Tags.FrameOfReferenceUid),
            TransferSyntaxUid = syntax.Uid,
            SpecificCharacterSet = data.Text(Tags.SpecificCharacterSet),
            PatientName = data.Text(Tags.PatientName),
            PatientId = data.Text(Tags.PatientId),
            PatientBirthDate = data.Text(Tags.PatientBirthDate),
            PatientSex = data.Text(Tags.PatientSex),
            StudyDate = data.Text(Tags.StudyDate),
            StudyTime = data.Text(Tags.StudyTime),
            StudyId = data.Text(Tags.StudyId),
            AccessionNumber = data.Text(Tags.AccessionNumber),
            ReferringPhysicianName = data.Text(Tags.ReferringPhysicianName),
            Modality = data.Text(Tags.Modality),
            PatientOrientation = data.Text(Tags.PatientOrientation),
            ImageOrientation = Orientation(data),
            ImagePosition = data.Decimals(Tags.ImagePositionPatient) is { Length: 3 } position ? position : null,
            ViewPosition = data.Text(Tags.ViewPosition),
            BodyPartExamined = data.Text(Tags.BodyPartExamined),
            InstanceNumber = data.Text(Tags.InstanceNumber),
            IsLossy = isLossy || data.Text(Tags.LossyImageCompression) == "01",
            Carried = DicomReference.Carry(data),
            Rows = image.Rows,
            Columns = image.Columns,
            Frames = image.Frames,
            Frame = frame,
            Options = options,
            GreyMapping = mapping,
        };

    /// <summary>Two unit vectors at a right angle, or null.</summary>
    private static double[]? Orientation(DataSet data)
    {
        const double Tolerance = 1e-3;
        if (data.Decimals(Tags.ImageOrientationPatient) is not { Length: 6 } o)
            return null;
        double rows = o[0] * o[0] + o[1] * o[1] + o[2] * o[2], columns = o[3] * o[3] + o[4] * o[4] + o[5] * o[5];
        double between = o[0] * o[3] + o[1] * o[4] + o[2] * o[5];
        return Math.Abs(rows - 1) < Tolerance && Math.Abs(columns - 1) < Tolerance && Math.Abs(between) < Tolerance ? o : null;
    }
}
