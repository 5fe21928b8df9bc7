namespace LungSeg.Imaging.Dicom.Display;

/// <summary>The stored values that mean "no image here" (DICOM PS3.3, C.7.5.1.1.2): one value, or a range to its limit.</summary>
internal static class PixelPadding
{
    /// <summary>For each stored value, by its bits, whether it is padding; null where the file names none.</summary>
    public static bool[]? Find(DataSet data, ImagePixel image, DecisionLog log)
    {
        if (data.UInt16(Tags.PixelPaddingValue) is not { } value)
            return null;
        int one = Read(value), other = data.UInt16(Tags.PixelPaddingRangeLimit) is { } limit ? Read(limit) : one;
        (int lowest, int highest) = (Math.Min(one, other), Math.Max(one, other));
        bool[] padding = new bool[1 << image.BitsStored];
        for (int bits = 0; bits < padding.Length; bits++)
            padding[bits] = image.ToValue(bits) is var stored && stored >= lowest && stored <= highest;
        log.Note("padding", lowest == highest ? $"stored value {lowest} becomes background"
            : $"stored values {lowest} to {highest} become background");
        return padding;

        int Read(int word) => image.IsSigned ? (short)word : word;
    }
}
