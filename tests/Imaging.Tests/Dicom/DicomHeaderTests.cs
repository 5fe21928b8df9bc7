using LungSeg.Imaging.Dicom;

namespace LungSeg.Imaging.Tests.Dicom;

public sealed class DicomHeaderTests
{
    private const uint PixelSpacing = 0x00280030, ImagerPixelSpacing = 0x00181164, Magnification = 0x00181114, Calibration = 0x00280A02,
        NominalScanned = 0x00182010, PatientOrientation = 0x00200020;

    [Theory]
    [InlineData(null, null, null, null, null, null, "none in the file")]
    [InlineData("0.2\\0.3", null, null, null, null, 0.2, "not stated")]
    [InlineData(null, "0.2\\0.3", null, null, null, 0.2, "at the detector")]
    [InlineData(null, "0.2\\0.3", "1.25", null, null, 0.16, "magnification of 1.25")]
    [InlineData("0.2\\0.3", "0.2\\0.3", "1.25", null, null, 0.16, "Imager Pixel Spacing")]
    [InlineData("0.2\\0.3", "0.2\\0.3", "1.25", "GEOMETRY", null, 0.2, "calibrated (GEOMETRY)")]
    [InlineData("0.15\\0.3", "0.2\\0.3", "1.25", "FIDUCIAL", null, 0.15, "calibrated (FIDUCIAL)")]
    [InlineData("0.15\\0.3", "0.2\\0.3", null, null, null, 0.15, "warning")]
    [InlineData(null, "0.2\\0.3", "0", null, null, 0.2, "warning")]
    [InlineData(null, null, null, null, "0.1\\0.1", 0.1, "on the film")]
    [InlineData("0\\0", null, null, null, null, null, "left out")]
    [InlineData("0.2", null, null, null, null, null, "left out")]
    [InlineData("nan\\1", null, null, null, null, null, "left out")]
    public void Millimetres_are_from_the_tag_that_means_the_patient(
        string? stated, string? imager, string? magnification, string? calibration, string? film, double? rows, string said)
    {
        DicomBuilder builder = new();
        foreach ((uint tag, string vr, string? text) in new[]
            { (PixelSpacing, "DS", stated), (ImagerPixelSpacing, "DS", imager), (Magnification, "DS", magnification),
                (Calibration, "CS", calibration), (NominalScanned, "DS", film) })
            if (text is not null)
                builder.Text(tag, vr, text);
        Radiograph image = builder.Read();
        Assert.Equal(rows, image.Spacing?.RowMillimetres);
        Assert.Contains(image.Decisions, d => d.Topic == "spacing" && d.ToString().Contains(said, StringComparison.Ordinal));
    }

    [Fact]
    public void Row_spacing_comes_before_column_spacing() =>
        Assert.Equal(new PixelSpacing(0.2, 0.3), new DicomBuilder().Text(PixelSpacing, "DS", "0.2\\0.3").Read().Spacing);

    [Theory]
    [InlineData("L\\F", true, false)]
    [InlineData("R\\F", false, false)]
    [InlineData("L\\H", true, true)]
    [InlineData("LP\\FP", true, true)]
    [InlineData("A\\F", null, true)]
    [InlineData("F\\L", null, true)]
    [InlineData("L", null, true)]
    [InlineData("", null, false)]
    public void Patient_orientation_tells_the_sides(string orientation, bool? leftOnTheRight, bool warned)
    {
        Radiograph image = new DicomBuilder().Text(PatientOrientation, "CS", orientation).Read();
        Assert.Equal(leftOnTheRight, image.PatientLeftIsOnTheRight);
        if (orientation != "LP\\FP")
            Assert.Equal(warned, image.Decisions.Single(d => d.Topic == "orientation").IsWarning);
    }

    [Fact]
    public void Names_and_UIDs_are_kept_for_derived_objects()
    {
        Radiograph image = ImageReader.Read(DicomCases.Path("lossless6_native12.dcm"));
        DicomReference reference = Assert.IsType<DicomReference>(image.Dicom);
        Assert.Equal("1.2.840.10008.5.1.4.1.1.1.1", reference.SopClassUid);
        Assert.Equal("1.2.826.0.1.3680043.8.498.1", reference.SopInstanceUid);
        Assert.Equal("1.2.826.0.1.3680043.8.498.2", reference.StudyInstanceUid);
        Assert.Equal("1.2.826.0.1.3680043.8.498.3", reference.SeriesInstanceUid);
        Assert.Equal("1.2.840.10008.1.2.4.57", reference.TransferSyntaxUid);
        Assert.Equal(("Sjögren^Åsa", "P1", "19700101", "F"),
            (reference.PatientName, reference.PatientId, reference.PatientBirthDate, reference.PatientSex));
        Assert.Equal(("20200102", "030405", "A1", "S1"),
            (reference.StudyDate, reference.StudyTime, reference.AccessionNumber, reference.StudyId));
        Assert.Equal(("DX", 47, 61, 1), (reference.Modality, reference.Rows, reference.Columns, reference.Frames));
        Assert.Equal(0.16, image.Spacing!.Value.RowMillimetres, 12);
        Assert.True(image.PatientLeftIsOnTheRight);
        Assert.DoesNotContain(image.Decisions, d => d.IsWarning);
        Assert.Equal("DICOM, JPEG lossless, 12-bit MONOCHROME2", image.Description);
    }

    [Theory]
    [InlineData(0x00080060, "CS", "CT", "object")]
    [InlineData(0x00080068, "CS", "FOR PROCESSING", "intent")]
    [InlineData(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2", "object")]
    [InlineData(0x00185101, "CS", "LL", "view")]
    [InlineData(0x00180015, "CS", "HAND", "body part")]
    [InlineData(0x00280301, "CS", "YES", "annotation")]
    [InlineData(0x20500020, "CS", "INVERSE", "inversion")]
    public void What_is_no_frontal_chest_radiograph_is_read_with_a_warning(uint tag, string vr, string text, string topic) =>
        Assert.Contains(new DicomBuilder().Text(tag, vr, text).Read().Decisions, d => d.IsWarning && d.Topic == topic);

    [Fact]
    public void MONOCHROME1_with_an_inverse_presentation_is_inverted_once()
    {
        ushort[] plain = new DicomBuilder().Read().Samples.ToArray();
        Radiograph image = new DicomBuilder().Text(0x00280004, "CS", "MONOCHROME1").Text(0x20500020, "CS", "INVERSE").Read();
        Assert.Equal(plain.Select(s => (ushort)(255 - s)), image.Samples.ToArray());
        Assert.DoesNotContain(image.Decisions, d => d.IsWarning && d.Topic == "inversion");
    }

    [Fact]
    public void An_image_of_one_value_is_black_and_warned_of()
    {
        DicomBuilder builder = new DicomBuilder().Words(0x00280100, 16).Words(0x00280101, 12).Words(0x00280102, 11);
        Radiograph image = builder.Bytes(0x7FE00010, "OW", [.. Enumerable.Repeat((byte)5, 36 * 40 * 2)]).Read();
        Assert.All(image.Samples.ToArray(), s => Assert.Equal(0, s));
        Assert.Contains(image.Decisions, d => d.IsWarning && d.Topic == "VOI");
    }

    [Fact]
    public void A_TIFF_header_in_the_preamble_leaves_the_file_DICOM()
    {
        byte[] file = new DicomBuilder().Build();
        "II*\0"u8.CopyTo(file);
        Assert.StartsWith("DICOM", ImageReader.Decode(file, "x").Description);
    }
}
