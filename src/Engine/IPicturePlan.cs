namespace LungSeg.Engine;

/// <summary>
/// A plan that resizes and normalises a picture, and cuts its mask, where it runs: a picture goes there once and a mask comes back once.
/// The results are the bits that the same steps give on the CPU.
/// </summary>
public interface IPicturePlan
{
    /// <summary>
    /// Runs the network on one picture. Fills <paramref name="mask"/>, height x width bytes: 1 where the network's probabilities, resized
    /// bilinearly to that size, are over the threshold, else 0. The plan's output holds the probabilities at the network's size.
    /// </summary>
    void Execute(PictureInput picture, float threshold, int maskWidth, int maskHeight, Span<byte> mask);
}

/// <summary>A picture's samples, channels interleaved, and how they become a network's input.</summary>
public sealed record PictureInput
{
    /// <summary>Columns of the samples.</summary>
    public required int Width { get; init; }

    /// <summary>Rows of the samples.</summary>
    public required int Height { get; init; }

    /// <summary>1, or 3, of which the last comes first where <see cref="ReverseChannels"/>.</summary>
    public required int Channels { get; init; }

    /// <summary>Samples of one byte, or of two in the machine's order.</summary>
    public required ReadOnlyMemory<byte> Samples { get; init; }

    /// <summary>Bytes of a sample, 1 or 2: whole numbers as OpenCV resizes them, or single precision.</summary>
    public required int SampleBytes { get; init; }

    /// <summary>The sample that becomes 1.</summary>
    public required float MaxValue { get; init; }

    /// <summary>Where the input's columns come from.</summary>
    public required PictureAxis Columns { get; init; }

    /// <summary>Where the input's rows come from.</summary>
    public required PictureAxis Rows { get; init; }

    /// <summary>Whether both sides are halved exactly, which OpenCV does with a box filter.</summary>
    public bool Halve { get; init; }

    /// <summary>Whether the network's first channel is the picture's last.</summary>
    public bool ReverseChannels { get; init; }

    /// <summary>What is subtracted from each of the three channels.</summary>
    public required IReadOnlyList<float> Mean { get; init; }

    /// <summary>What each is divided by after that.</summary>
    public required IReadOnlyList<float> Std { get; init; }
}

/// <summary>For each pixel of an axis of the input: the source pixel before it, the one after it, and the weights.</summary>
/// <param name="Before">The source pixel before.</param>
/// <param name="After">The source pixel after.</param>
/// <param name="Weights">
/// For samples of one byte the two whole coefficients of each pixel, 2048 together; for samples of two the weight of the source pixel after,
/// in single precision, by its bits.
/// </param>
public sealed record PictureAxis(int[] Before, int[] After, int[] Weights);
