using System.Runtime.Intrinsics;
using LungSeg.Imaging.Codecs;
using LungSeg.Imaging.Dicom;

namespace LungSeg.Imaging;

/// <summary>Distance between pixel centres on the detector or in the patient, in millimetres.</summary>
public readonly record struct PixelSpacing(double RowMillimetres, double ColumnMillimetres)
{
    /// <summary>The area of a pixel.</summary>
    public double SquareMillimetres => RowMillimetres * ColumnMillimetres;
}

/// <summary>The plane on which a pixel spacing holds.</summary>
public enum SpacingPlane
{
    /// <summary>Nobody says.</summary>
    Unstated,

    /// <summary>The detector's, where everything is larger than in the patient.</summary>
    Detector,

    /// <summary>One in the patient, by calibration or a stated magnification.</summary>
    Patient,

    /// <summary>A film's that was scanned.</summary>
    Film,
}

/// <summary>
/// An image as it was stored: rows from top to bottom, channels interleaved (grey, or red green blue), samples from 0 to
/// <see cref="MaxValue"/>, bright meaning dense.
/// </summary>
public sealed class Radiograph
{
    private readonly ushort[] _samples;

    /// <summary>Wraps <paramref name="samples"/> (height x width x channels) without copying them.</summary>
    /// <exception cref="ArgumentException">The array's length or a sample does not fit the stated size and depth.</exception>
    public Radiograph(int width, int height, int channels, int bitDepth, ushort[] samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (channels is not (1 or 3))
            throw new ArgumentException($"a radiograph has 1 or 3 channels, not {channels}", nameof(channels));
        if (bitDepth is not (8 or 16))
            throw new ArgumentException($"a radiograph has 8 or 16 bits per sample, not {bitDepth}", nameof(bitDepth));
        if (samples.Length != (long)width * height * channels)
            throw new ArgumentException($"{width} x {height} x {channels} samples expected, {samples.Length} found", nameof(samples));
        if (bitDepth == 8 && samples.AsSpan().ContainsAnyExceptInRange((ushort)0, (ushort)byte.MaxValue))
            throw new ArgumentException("a sample is over 255 in a radiograph of 8 bits", nameof(samples));
        (Width, Height, Channels, BitDepth, _samples) = (width, height, channels, bitDepth, samples);
    }

    /// <summary>
    /// An image of raw pixels of 8 bits: rows from top to bottom, channels interleaved, bright meaning dense. The pixels are copied.
    /// </summary>
    /// <param name="pixels">Bytes; a row begins every <paramref name="stride"/> of them.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="channels">1 (grey) or 3 (red, green, blue).</param>
    /// <param name="stride">Bytes from one row to the next; 0 where rows follow each other without a gap.</param>
    /// <exception cref="ArgumentException">The pixels are fewer than the size asks for, or the size cannot be.</exception>
    public static Radiograph FromPixels(ReadOnlySpan<byte> pixels, int width, int height, int channels = 1, int stride = 0)
    {
        int row = CheckRows(pixels.Length, width, height, channels, ref stride);
        var samples = new ushort[row * height];
        for (int y = 0, to = 0; y < height; y++)
        {
            foreach (byte sample in pixels.Slice(y * stride, row)) samples[to++] = sample;
        }
        return new Radiograph(width, height, channels, 8, samples);
    }

    /// <summary>
    /// An image of raw pixels of 9 to 16 bits, one in each word: rows from top to bottom, channels interleaved, bright meaning dense.
    /// Depths under 16 are scaled up to 16. The pixels are copied.
    /// </summary>
    /// <param name="pixels">Words; a row begins every <paramref name="stride"/> of them.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="bitDepth">Bits of a sample, 1 to 16; up to 8 they are scaled to 8.</param>
    /// <param name="channels">1 (grey) or 3 (red, green, blue).</param>
    /// <param name="stride">Words from one row to the next; 0 where rows follow each other without a gap.</param>
    /// <exception cref="ArgumentException">The pixels are fewer than the size asks for, a sample exceeds its depth, or size or depth cannot
    /// be.</exception>
    public static Radiograph FromPixels(ReadOnlySpan<ushort> pixels, int width, int height, int bitDepth, int channels, int stride = 0)
    {
        if (bitDepth is < 1 or > 16) throw new ArgumentOutOfRangeException(nameof(bitDepth), bitDepth, "1 to 16 bits expected");
        int row = CheckRows(pixels.Length, width, height, channels, ref stride);
        int maximum = (1 << bitDepth) - 1, full = bitDepth <= 8 ? byte.MaxValue : ushort.MaxValue;
        var samples = new ushort[row * height];
        for (int y = 0, to = 0; y < height; y++)
        {
            foreach (ushort sample in pixels.Slice(y * stride, row))
            {
                if (sample > maximum) throw new ArgumentException($"a sample of {sample} is over {maximum}, the most of {bitDepth} bits",
                    nameof(pixels));
                samples[to++] = (ushort)(((long)sample * full + (maximum / 2)) / maximum);
            }
        }
        return new Radiograph(width, height, channels, bitDepth <= 8 ? 8 : 16, samples);
    }

    private static int CheckRows(int length, int width, int height, int channels, ref int stride)
    {
        ImageSize.CheckMade(width, height);
        if (channels is not (1 or 3)) throw new ArgumentException($"a radiograph has 1 or 3 channels, not {channels}", nameof(channels));
        int row = width * channels;
        if (stride == 0) stride = row;
        if (stride < row) throw new ArgumentOutOfRangeException(nameof(stride), stride,
            $"a stride of {row} samples or more, or 0, expected");
        if (length < ((long)stride * (height - 1)) + row)
            throw new ArgumentException($"{height} rows of {row} samples, one every {stride}, expected, {length} samples found",
                nameof(length));
        return row;
    }

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>1 (grey) or 3 (red, green, blue).</summary>
    public int Channels { get; }

    /// <summary>8 or 16. Depths between are scaled up to 16.</summary>
    public int BitDepth { get; }

    /// <summary>The sample that means full brightness: 255 or 65535.</summary>
    public int MaxValue => (1 << BitDepth) - 1;

    /// <summary>Height x width x channels samples.</summary>
    public ReadOnlySpan<ushort> Samples => _samples;

    /// <summary>Pixel spacing where the file states it.</summary>
    public PixelSpacing? Spacing { get; init; }

    /// <summary>
    /// The data element that the spacing is from and what it means, such as "Pixel Spacing (0028,0030), calibrated (GEOMETRY)"; "" without
    /// one.
    /// </summary>
    public string SpacingSource { get; init => field = value ?? throw new ArgumentNullException(nameof(value)); } = "";

    /// <summary>The plane on which <see cref="Spacing"/> holds.</summary>
    public SpacingPlane SpacingPlane { get; init; }

    /// <summary>
    /// True where the patient's left side is on the right of the image, as films are shown by convention; null where the file
    /// does not say.
    /// </summary>
    public bool? PatientLeftIsOnTheRight { get; init; }

    /// <summary>The path that the image was read from, or the name that was given for it; "" for one that was made in memory.</summary>
    public string Name { get; internal set; } = "";

    /// <summary>The file's format and layout in a few words, such as "PNG, 16-bit grey".</summary>
    public string Description { get; init => field = value ?? throw new ArgumentNullException(nameof(value)); } = "";

    /// <summary>What names the image, its patient and study, where it is from a DICOM file.</summary>
    public DicomReference? Dicom { get; init; }

    /// <summary>What the reader found and chose, in order; empty for formats that leave nothing to choose.</summary>
    public IReadOnlyList<Decision> Decisions { get; init => field = value ?? throw new ArgumentNullException(nameof(value)); } = [];

    /// <summary>
    /// The alpha channel, height x width samples, where the file has one and its colour is the same everywhere: the image is the shape that
    /// the channel cuts out. Null otherwise.
    /// </summary>
    internal ushort[]? Alpha { get; init; }

    /// <summary>Whether all pixels of interleaved samples have one colour.</summary>
    internal static bool IsOneColor(ReadOnlySpan<ushort> samples, int channels)
    {
        for (int i = channels; i < samples.Length; i++)
            if (samples[i] != samples[i - channels])
                return false;
        return true;
    }

    /// <summary>
    /// The mirror image, left for right: each row from its last pixel to its first. The patient's sides change places with it.
    /// </summary>
    public Radiograph Mirrored()
    {
        ushort[] samples = new ushort[_samples.Length];
        for (int y = 0, to = 0; y < Height; y++)
            for (int x = Width - 1; x >= 0; x--)
                for (int c = 0; c < Channels; c++, to++)
                    samples[to] = _samples[(y * Width + x) * Channels + c];
        return new Radiograph(Width, Height, Channels, BitDepth, samples)
        {
            Spacing = Spacing,
            SpacingSource = SpacingSource,
            SpacingPlane = SpacingPlane,
            PatientLeftIsOnTheRight = !PatientLeftIsOnTheRight,
            Name = Name,
            Description = Description,
        };
    }

    /// <summary>The lowest and the highest sample.</summary>
    internal (int Low, int High) Extent()
    {
        Vector128<ushort> low = Vector128<ushort>.AllBitsSet, high = Vector128<ushort>.Zero;
        (int minimum, int maximum, int i) = (ushort.MaxValue, 0, 0);
        for (; i <= _samples.Length - Vector128<ushort>.Count; i += Vector128<ushort>.Count)
        {
            Vector128<ushort> value = Vector128.Create<ushort>(_samples, i);
            (low, high) = (Vector128.Min(low, value), Vector128.Max(high, value));
        }
        for (int lane = 0; lane < Vector128<ushort>.Count; lane++)
            (minimum, maximum) = (Math.Min(minimum, low[lane]), Math.Max(maximum, high[lane]));
        for (; i < _samples.Length; i++)
            (minimum, maximum) = (Math.Min(minimum, _samples[i]), Math.Max(maximum, _samples[i]));
        return (minimum, maximum);
    }

    /// <summary>The lowest sample, the one that half of them do not exceed, and the highest.</summary>
    public (int Lowest, int Median, int Highest) Range()
    {
        int[] counts = new int[MaxValue + 1];
        foreach (ushort sample in _samples)
            counts[sample]++;
        int median = -1;
        for (long below = 0; 2 * below < _samples.Length; below += counts[median])
            median++;
        return (Array.FindIndex(counts, c => c > 0), median, Array.FindLastIndex(counts, c => c > 0));
    }

    /// <summary>Height x width x channels bytes; 16-bit samples keep their high byte, as OpenCV's imread does.</summary>
    public byte[] To8Bit()
    {
        byte[] bytes = new byte[_samples.Length];
        int shift = BitDepth - 8, i = 0, lanes = Vector128<ushort>.Count;
        for (; i <= bytes.Length - 2 * lanes; i += 2 * lanes)
            Vector128.Narrow(Vector128.Create<ushort>(_samples, i) >>> shift, Vector128.Create<ushort>(_samples, i + lanes) >>> shift)
                .CopyTo(bytes, i);
        for (; i < bytes.Length; i++)
            bytes[i] = (byte)(_samples[i] >> shift);
        return bytes;
    }

    /// <summary>Height x width x 3 bytes in red, green, blue order; grey is repeated, 16-bit samples keep their high byte.</summary>
    public byte[] ToRgb8()
    {
        byte[] bytes = To8Bit();
        if (Channels == 3)
            return bytes;
        byte[] rgb = new byte[bytes.Length * 3];
        for (int i = 0; i < bytes.Length; i++)
            rgb[3 * i] = rgb[3 * i + 1] = rgb[3 * i + 2] = bytes[i];
        return rgb;
    }

    /// <summary>Height x width bytes; colour is weighed by ITU-R BT.601, 16-bit samples keep their high byte.</summary>
    public byte[] ToGrey8()
    {
        byte[] bytes = To8Bit();
        if (Channels == 1)
            return bytes;
        byte[] grey = new byte[bytes.Length / 3];
        for (int i = 0; i < grey.Length; i++)
            grey[i] = (byte)((bytes[3 * i] * 4899 + bytes[3 * i + 1] * 9617 + bytes[3 * i + 2] * 1868 + 8192) >> 14);
        return grey;
    }

    /// <summary>Height x width x channels values from 0 to 1 at full depth.</summary>
    public float[] ToUnitFloat()
    {
        float[] values = new float[_samples.Length];
        float max = MaxValue;
        for (int i = 0; i < values.Length; i++)
            values[i] = _samples[i] / max;
        return values;
    }
}
