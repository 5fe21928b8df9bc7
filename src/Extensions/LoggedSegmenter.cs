using System.Diagnostics;
using LungSeg.Imaging;
using LungSeg.Imaging.Dicom;
using LungSeg.Models;
using Microsoft.Extensions.Logging;

namespace LungSeg.Extensions;

/// <summary>
/// A segmenter that logs: its loading, each image's times and warnings, and failures. Names of files and patients are left out.
/// </summary>
internal sealed partial class LoggedSegmenter(LungSegmenter segmenter, ILogger logger) : ILungSegmenter
{
    public Architecture Network => segmenter.Network;

    public int NetworkSize => segmenter.NetworkSize;

    public SegmentationMethod Method => segmenter.Method;

    /// <summary>Loads a segmenter and logs what it is.</summary>
    public static LoggedSegmenter Load(LungSegmenterOptions options, ILogger logger)
    {
        long start = Stopwatch.GetTimestamp();
        LungSegmenter segmenter = LungSegmenter.Load(options);
        Loaded(logger, segmenter.Network.Key, segmenter.NetworkSize, segmenter.Device, options.Plans,
            Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        return new LoggedSegmenter(segmenter, logger);
    }

    public LungSegmentation Segment(string path, DicomOptions? dicom = null, CancellationToken cancellation = default) =>
        Logged(() => segmenter.Segment(path, dicom, cancellation));

    public LungSegmentation Segment(Stream stream, DicomOptions? dicom = null, CancellationToken cancellation = default) =>
        Logged(() => segmenter.Segment(stream, dicom, cancellation));

    public LungSegmentation Segment(ReadOnlySpan<byte> encoded, DicomOptions? dicom = null, CancellationToken cancellation = default)
    {
        try
        {
            return Log(segmenter.Segment(encoded, dicom, cancellation));
        }
        catch (Exception e) when (Log(e))
        {
            throw;
        }
    }

    public LungSegmentation Segment(Radiograph image, CancellationToken cancellation = default) =>
        Logged(() => segmenter.Segment(image, cancellation));

    public SegmentationTimes Segment(Radiograph image, Span<byte> mask, Span<float> probabilities = default,
        CancellationToken cancellation = default)
    {
        try
        {
            SegmentationTimes times = segmenter.Segment(image, mask, probabilities, cancellation);
            Segmented(logger, image.Width, image.Height, Total(times), times.Network.TotalMilliseconds);
            return times;
        }
        catch (Exception e) when (Log(e))
        {
            throw;
        }
    }

    public Task<LungSegmentation> SegmentAsync(string path, DicomOptions? dicom = null, CancellationToken cancellation = default) =>
        LoggedAsync(segmenter.SegmentAsync(path, dicom, cancellation));

    public Task<LungSegmentation> SegmentAsync(Stream stream, DicomOptions? dicom = null, CancellationToken cancellation = default) =>
        LoggedAsync(segmenter.SegmentAsync(stream, dicom, cancellation));

    public Task<LungSegmentation> SegmentAsync(Radiograph image, CancellationToken cancellation = default) =>
        LoggedAsync(segmenter.SegmentAsync(image, cancellation));

    public void Dispose() => segmenter.Dispose();

    private LungSegmentation Logged(Func<LungSegmentation> segment)
    {
        try
        {
            return Log(segment());
        }
        catch (Exception e) when (Log(e))
        {
            throw;
        }
    }

    private async Task<LungSegmentation> LoggedAsync(Task<LungSegmentation> segmentation)
    {
        try
        {
            return Log(await segmentation.ConfigureAwait(false));
        }
        catch (Exception e) when (Log(e))
        {
            throw;
        }
    }

    private LungSegmentation Log(LungSegmentation result)
    {
        Segmented(logger, result.Image.Width, result.Image.Height, Total(result.Times), result.Times.Network.TotalMilliseconds);
        foreach (Decision decision in result.Image.Decisions)
        {
            if (decision.IsWarning) Noticed(logger, decision.Topic, decision.Text);
        }
        return result;
    }

    // True, so that it can stand in a filter: the stack is still that of the error.
    private bool Log(Exception error)
    {
        if (error is OperationCanceledException) Cancelled(logger);
        else if (error is ImageException) Refused(logger, error);
        else Failed(logger, error);
        return true;
    }

    private static double Total(SegmentationTimes times) =>
        (times.Read + times.Preprocess + times.Network + times.Postprocess).TotalMilliseconds;

    [LoggerMessage(1, LogLevel.Information,
        "Loaded {Network} at {Size} x {Size} pixels on {Device} with {Plans} plans in {Milliseconds:F0} ms")]
    private static partial void Loaded(ILogger logger, string network, int size, string device, int plans, double milliseconds);

    [LoggerMessage(2, LogLevel.Debug,
        "Segmented an image of {Width} x {Height} pixels in {Milliseconds:F1} ms, {NetworkMilliseconds:F1} ms of it the network")]
    private static partial void Segmented(ILogger logger, int width, int height, double milliseconds, double networkMilliseconds);

    [LoggerMessage(3, LogLevel.Warning, "The image needs a look: {Topic}: {Text}")]
    private static partial void Noticed(ILogger logger, string topic, string text);

    [LoggerMessage(4, LogLevel.Debug, "A segmentation was cancelled")]
    private static partial void Cancelled(ILogger logger);

    [LoggerMessage(5, LogLevel.Warning, "An image was refused")]
    private static partial void Refused(ILogger logger, Exception error);

    [LoggerMessage(6, LogLevel.Error, "A segmentation failed")]
    private static partial void Failed(ILogger logger, Exception error);
}
