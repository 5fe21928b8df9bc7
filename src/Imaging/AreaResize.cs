namespace LungSeg.Imaging;

/// <summary>Makes grey images smaller: each new pixel is the mean of the whole pixels that its square covers at least by half.</summary>
internal static class AreaResize
{
    /// <summary>Resizes height x width bytes to a size that is no larger.</summary>
    public static byte[] Shrink(ReadOnlySpan<byte> grey, int width, int height, int toWidth, int toHeight)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(toWidth, width);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(toHeight, height);
        byte[] small = new byte[toWidth * toHeight];
        for (int y = 0; y < toHeight; y++)
        {
            (int top, int bottom) = (Edge(y, height, toHeight), Edge(y + 1, height, toHeight));
            for (int x = 0; x < toWidth; x++)
            {
                (int left, int right) = (Edge(x, width, toWidth), Edge(x + 1, width, toWidth));
                long sum = 0;
                for (int row = top; row < bottom; row++)
                    foreach (byte value in grey.Slice(row * width + left, right - left))
                        sum += value;
                int count = (bottom - top) * (right - left);
                small[y * toWidth + x] = (byte)((sum + count / 2) / count);
            }
        }
        return small;
    }

    private static int Edge(int i, int size, int toSize) => (int)((2L * i * size + toSize) / (2L * toSize));
}
