namespace LungSeg.Imaging.Dicom;

/// <summary>
/// One decoded frame: height x width x samples cells, interleaved. <paramref name="Precision"/> is the number of bits in which the
/// coder wrote a sample; <paramref name="IsLossy"/> says that samples were rounded in another domain and may overshoot.
/// </summary>
internal readonly record struct Frame(ushort[] Cells, int Precision, bool IsLossy = false)
{
    /// <summary>Brings the stored bits to the bottom of their cells and clears what else the cells hold, such as overlays.</summary>
    public ushort[] ToStored(ImagePixel image)
    {
        int shift = Precision > image.BitsStored ? image.Shift : 0, mask = (1 << image.BitsStored) - 1;
        if (IsLossy && !image.IsSigned)
            for (int i = 0; i < Cells.Length; i++)
                Cells[i] = (ushort)Math.Min(Cells[i], mask);
        else
            for (int i = 0; i < Cells.Length; i++)
                Cells[i] = (ushort)(Cells[i] >> shift & mask);
        return Cells;
    }
}
