using LungSeg.Imaging;
using LungSeg.Imaging.Dicom;

namespace LungSeg.Models;

/// <summary>
/// Finds the lungs in frontal chest X-rays. <see cref="LungSegmenter"/> does; tests may put another in its place. Safe for several threads.
/// Every method throws <see cref="ImageException"/> for an image that cannot be read or used, <see cref="ArgumentException"/> for arguments
/// that cannot be, <see cref="OperationCanceledException"/> where the token asks for it, and <see cref="ObjectDisposedException"/> after
/// disposal.
/// </summary>
public interface ILungSegmenter : IDisposable
{
    /// <summary>The network that runs.</summary>
    Architecture Network { get; }

    /// <summary>The height and width in pixels that images are resized to.</summary>
    int NetworkSize { get; }

    /// <summary>Network and settings as results carry them.</summary>
    SegmentationMethod Method { get; }

    /// <summary>Reads an image file, a DICOM file by the options, and segments it.</summary>
    LungSegmentation Segment(string path, DicomOptions? dicom = null, CancellationToken cancellation = default);

    /// <summary>Reads an image file from a stream, from where it stands to its end, and segments it. The stream stays open.</summary>
    LungSegmentation Segment(Stream stream, DicomOptions? dicom = null, CancellationToken cancellation = default);

    /// <summary>Decodes an image file in memory (DICOM, PNG, JPEG, BMP, TIFF and so on) and segments it.</summary>
    LungSegmentation Segment(ReadOnlySpan<byte> encoded, DicomOptions? dicom = null, CancellationToken cancellation = default);

    /// <summary>
    /// Segments an image; <see cref="Radiograph.FromPixels(ReadOnlySpan{byte}, int, int, int, int)"/> makes one of raw pixels.
    /// </summary>
    LungSegmentation Segment(Radiograph image, CancellationToken cancellation = default);

    /// <summary>
    /// Segments an image into the caller's memory: <paramref name="mask"/> gets height x width bytes, rows from top to bottom, 1 lung and 0
    /// background; <paramref name="probabilities"/>, unless empty, the same number of probabilities from 0 to 1, before threshold and
    /// clean-up. In the study's way the mask is 512 x 512, and the probabilities <see cref="NetworkSize"/> squared.
    /// </summary>
    SegmentationTimes Segment(Radiograph image, Span<byte> mask, Span<float> probabilities = default,
        CancellationToken cancellation = default);

    /// <summary>
    /// As <see cref="Segment(string, DicomOptions?, CancellationToken)"/>, holding no thread while the file is read and while all plans are
    /// taken. Computing is done on the thread that goes on.
    /// </summary>
    Task<LungSegmentation> SegmentAsync(string path, DicomOptions? dicom = null, CancellationToken cancellation = default);

    /// <summary>As <see cref="SegmentAsync(string, DicomOptions?, CancellationToken)"/>, from a stream, which stays open.</summary>
    Task<LungSegmentation> SegmentAsync(Stream stream, DicomOptions? dicom = null, CancellationToken cancellation = default);

    /// <summary>As <see cref="Segment(Radiograph, CancellationToken)"/>, holding no thread while all plans are taken.</summary>
    Task<LungSegmentation> SegmentAsync(Radiograph image, CancellationToken cancellation = default);
}
