namespace LungSeg.Imaging.Tests.Dicom;

/// <summary>Drawn films as DICOM files, with what viewers and archives ask for.</summary>
internal static class Films
{
    /// <summary>A drawn film as a DICOM file and its true lungs. Turned: the head is to the left, as rows and orientation say.</summary>
    public static (byte[] File, LungMask Lungs) Draw(int width, int height, bool turned = false, Action<DicomBuilder>? change = null)
    {
        (Radiograph drawn, LungMask lungs) = SyntheticRadiograph.Draw(width, height, seed: 3);
        byte[] grey = drawn.To8Bit();
        if (turned)
        {
            (width, height, grey) = (height, width, Turn(grey, width, height));
            lungs = new LungMask(width, height, Turn(lungs.Pixels.ToArray(), height, width));
        }
        DicomBuilder builder =
            new DicomBuilder().Words(0x00280010, height).Words(0x00280011, width)
            .Bytes(0x7FE00010, "OB", grey.Length % 2 == 0 ? grey : [.. grey, 0])
            .Text(0x00080005, "CS", "ISO_IR 192").Text(0x00080018, "UI", "1.2.3.4").Text(0x0020000D, "UI", "1.2.3")
            .Text(0x0020000E, "UI", "1.2.3.9")
            .Text(0x00080020, "DA", "20190102").Text(0x00080030, "TM", "010203").Text(0x00200010, "SH", "S1")
            .Text(0x00100010, "PN", "Doe^Jo")
            .Text(0x00100020, "LO", "P1").Text(0x00180015, "CS", "CHEST").Text(0x00181164, "DS", "0.5\\0.5")
            .Text(0x00200020, "CS", turned ? "F\\L" : "L\\F");
        if (turned)
            builder.Text(0x00200037, "DS", "0\\0\\-1\\1\\0\\0").Text(0x00200032, "DS", "-10\\20\\30");
        change?.Invoke(builder);
        return (builder.BuildWhole(), lungs);

        // Columns become rows: what was on top is on the left.
        static byte[] Turn(byte[] pixels, int width, int height)
        {
            byte[] turned = new byte[pixels.Length];
            for (int y = 0; y < height; y++)
                for (int x = 0; x < width; x++)
                    turned[x * height + y] = pixels[y * width + x];
            return turned;
        }
    }
}
