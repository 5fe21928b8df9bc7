namespace LungSeg.Imaging.Dicom;

/// <summary>
/// One decoded frame: height x width x samples cells, interleaved. <paramref name="Precision"/> is the number of bits in which the
/// coder wrote a sample; <paramref name="IsLossy"/> says that samples were rounded in another domain and may overshoot.
/// </summary>
internal readonly record struct Frame(ushort[] Cells, int Precision, bool IsLossy = false)
{
    /// <summary>Bytes between the segments of JPEG data that belong to none, and were skipped.</summary>
    public int StrayBytes { get; init; }

    /// <summary>Brings the stored bits to the bottom of their cells and clears what else the cells hold, such as overlays.</summary>
    public ushort[] ToStored(ImagePixel image, int overlayBits, DecisionLog log)
    {
        if (!IsLossy && Precision > image.BitsStored)
            WarnOfBitsOutside(image, overlayBits, log);
        int shift = Precision > image.BitsStored ? image.Shift : 0, mask = (1 << image.BitsStored) - 1;
        if (IsLossy && !image.IsSigned)
            for (int i = 0; i < Cells.Length; i++)
                Cells[i] = (ushort)Math.Min(Cells[i], mask);
        else
            for (int i = 0; i < Cells.Length; i++)
                Cells[i] = (ushort)(Cells[i] >> shift & mask);
        return Cells;
    }

    private void WarnOfBitsOutside(ImagePixel image, int overlayBits, DecisionLog log)
    {
        int inside = (1 << image.BitsStored) - 1 << image.Shift, above = ushort.MaxValue << image.HighBit + 1 & ushort.MaxValue;
        int outside = ushort.MaxValue & ~inside & ~overlayBits, sign = 1 << image.HighBit, count = 0;
        foreach (ushort cell in Cells)
        {
            // A negative value may have its sign in all bits above.
            int bits = image.IsSigned && (cell & sign) != 0 ? cell ^ above : cell;
            if ((bits & outside) != 0)
                count++;
        }
        if (count > 0)
            log.Warn("pixels", $"{count} of {Cells.Length} values have bits outside the {image.BitsStored} that are stated, which were "
                + "left out; "
                + "where the statement is wrong, bright parts of the image have become dark");
    }
}
