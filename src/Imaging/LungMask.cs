using System.Runtime.Intrinsics;
using LungSeg.Imaging.Codecs;
using LungSeg.Imaging.Masks;

namespace LungSeg.Imaging;

/// <summary>One byte per pixel, rows from top to bottom: 1 lung, 0 background.</summary>
public sealed class LungMask
{
    private readonly byte[] _pixels;

    /// <summary>Wraps <paramref name="pixels"/> (height x width bytes of 0 or 1) without copying them.</summary>
    /// <exception cref="ArgumentException">The length does not fit, or a pixel is neither 0 nor 1.</exception>
    public LungMask(int width, int height, byte[] pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (pixels.Length != (long)width * height)
            throw new ArgumentException($"{width} x {height} pixels expected, {pixels.Length} found", nameof(pixels));
        if (pixels.AsSpan().ContainsAnyExceptInRange((byte)0, (byte)1))
            throw new ArgumentException("a mask's pixels are 0 or 1", nameof(pixels));
        (Width, Height, _pixels) = (width, height, pixels);
    }

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>Height x width bytes of 0 or 1.</summary>
    public ReadOnlySpan<byte> Pixels => _pixels;

    /// <summary>Whether the pixel belongs to a lung.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The pixel lies outside the mask.</exception>
    public bool this[int x, int y]
    {
        get
        {
            if ((uint)x >= (uint)Width) throw new ArgumentOutOfRangeException(nameof(x), x, $"a column from 0 to {Width - 1} expected");
            if ((uint)y >= (uint)Height) throw new ArgumentOutOfRangeException(nameof(y), y, $"a row from 0 to {Height - 1} expected");
            return _pixels[(y * Width) + x] != 0;
        }
    }

    /// <summary>Lung pixels.</summary>
    public int Area => _pixels.AsSpan().Count((byte)1);

    /// <summary>Height x width bytes: 0 background, 255 lung.</summary>
    public byte[] To8Bit()
    {
        byte[] bytes = new byte[_pixels.Length];
        int i = 0;
        for (; i <= bytes.Length - Vector128<byte>.Count; i += Vector128<byte>.Count)
            (Vector128<byte>.Zero - Vector128.Create<byte>(_pixels, i)).CopyTo(bytes, i);
        for (; i < bytes.Length; i++)
            bytes[i] = (byte)-_pixels[i];
        return bytes;
    }

    /// <summary>
    /// Lung wherever the probability is over the threshold (not at it, as the reference does); height x width probabilities.
    /// </summary>
    /// <exception cref="ArgumentException">The length does not fit, or the threshold is not a number.</exception>
    public static LungMask FromProbabilities(ReadOnlySpan<float> probabilities, int width, int height, float threshold = 0.5f)
    {
        if (float.IsNaN(threshold)) throw new ArgumentException("a threshold expected, not-a-number found", nameof(threshold));
        byte[] pixels = new byte[probabilities.Length];
        Vector128<float> limit = Vector128.Create(threshold);
        int lanes = Vector128<float>.Count, i = 0;
        for (; i <= pixels.Length - 4 * lanes; i += 4 * lanes)
        {
            ReadOnlySpan<float> p = probabilities.Slice(i, 4 * lanes);
            // Each lane of a comparison is 0 or -1, in 4 bytes, and then in 2 and in 1.
            Vector128<short> first =
                Vector128.Narrow(Vector128.GreaterThan(Vector128.Create<float>(p), limit).AsInt32(),
                    Vector128.GreaterThan(Vector128.Create<float>(p[lanes..]), limit).AsInt32());
            Vector128<short> second = Vector128.Narrow(
                Vector128.GreaterThan(Vector128.Create<float>(p[(2 * lanes)..]), limit).AsInt32(),
                Vector128.GreaterThan(Vector128.Create<float>(p[(3 * lanes)..]), limit).AsInt32());
            (Vector128.Narrow(first, second).AsByte() & Vector128<byte>.One).CopyTo(pixels, i);
        }
        for (; i < pixels.Length; i++)
            pixels[i] = probabilities[i] > threshold ? (byte)1 : (byte)0;
        return new LungMask(width, height, pixels);
    }

    /// <summary>
    /// Reads a mask from an image in any of the codings of <see cref="MaskImage"/>: lung wherever it is brighter than half.
    /// </summary>
    /// <exception cref="ImageException">The image holds more than two labels, or is no mask at all.</exception>
    public static LungMask FromImage(Radiograph image)
    {
        ArgumentNullException.ThrowIfNull(image);
        var mask = MaskImage.Of(image);
        return mask.Labels.Count == 0
            ? FromProbabilities(mask.Values, mask.Width, mask.Height)
            : throw new ImageException($"{image.Name}: the mask has several labels ({string.Join(", ", mask.Labels)}), two were expected");
    }

    /// <summary>The mask without the pixels of another one of its size.</summary>
    /// <exception cref="ArgumentException">The other mask has another size.</exception>
    public LungMask Without(LungMask other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Width != Width || other.Height != Height)
            throw new ArgumentException($"a mask of {Width} x {Height} pixels expected, {other.Width} x {other.Height} found",
                nameof(other));
        byte[] pixels = new byte[_pixels.Length];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)(_pixels[i] & ~other._pixels[i]);
        return new LungMask(Width, Height, pixels);
    }

    /// <summary>Takes the nearest pixel for each new one: (x + 0.5) * Width / width, rounded down.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A side is not positive, or there would be over 100 million pixels.</exception>
    public LungMask Resize(int width, int height)
    {
        ImageSize.CheckMade(width, height);
        byte[] pixels = new byte[(long)width * height];
        for (int y = 0; y < height; y++)
        {
            ReadOnlySpan<byte> row = Pixels.Slice((int)((2L * y + 1) * Height / (2L * height)) * Width, Width);
            for (int x = 0; x < width; x++)
                pixels[y * width + x] = row[(int)((2L * x + 1) * Width / (2L * width))];
        }
        return new LungMask(width, height, pixels);
    }
}
