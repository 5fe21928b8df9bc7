namespace LungSeg.Models.Inputs;

/// <summary>An image's samples, channels interleaved, and how a device makes a network's input of them.</summary>
internal sealed record DeviceImage
{
    /// <summary>Height and width of the network's input.</summary>
    public required int Size { get; init; }

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
    public required ResizeAxis Columns { get; init; }

    /// <summary>Where the input's rows come from.</summary>
    public required ResizeAxis Rows { get; init; }

    /// <summary>Whether both sides are halved exactly, which OpenCV does with a box filter.</summary>
    public bool Halve { get; init; }

    /// <summary>Whether the network's first channel is the image's last.</summary>
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
/// For samples of one byte the two whole coefficients of each pixel, 2048 together; for samples of two the weight of the source pixel
/// after, in single precision, by its bits.
/// </param>
internal sealed record ResizeAxis(int[] Before, int[] After, int[] Weights);
