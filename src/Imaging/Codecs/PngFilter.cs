namespace LungSeg.Imaging.Codecs;

/// <summary>The five row filters of PNG, undone in place.</summary>
internal static class PngFilter
{
    /// <param name="kind">The filter byte in front of the row.</param>
    /// <param name="row">The row, filtered before and plain after the call.</param>
    /// <param name="above">The plain row above, or zeros.</param>
    /// <param name="pixel">Bytes from one pixel to the next.</param>
    public static void Undo(int kind, Span<byte> row, ReadOnlySpan<byte> above, int pixel)
    {
        switch (kind)
        {
            case 0:
                break;
            case 1:
                for (int i = pixel; i < row.Length; i++)
                    row[i] += row[i - pixel];
                break;
            case 2:
                for (int i = 0; i < row.Length; i++)
                    row[i] += above[i];
                break;
            case 3:
                for (int i = 0; i < row.Length; i++)
                    row[i] += (byte)((i < pixel ? 0 : row[i - pixel]) + above[i] >> 1);
                break;
            case 4:
                for (int i = 0; i < row.Length; i++)
                    row[i] += i < pixel ? above[i] : Paeth(row[i - pixel], above[i], above[i - pixel]);
                break;
            default:
                throw new ImageException($"the PNG file is damaged: a row has filter {kind}, which does not exist");
        }
    }

    private static byte Paeth(int left, int up, int corner)
    {
        int a = Math.Abs(up - corner), b = Math.Abs(left - corner), c = Math.Abs(left + up - 2 * corner);
        return (byte)(a <= b && a <= c ? left : b <= c ? up : corner);
    }
}
