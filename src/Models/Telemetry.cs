using System.Diagnostics;
using System.Diagnostics.Metrics;
using LungSeg.Imaging;

namespace LungSeg.Models;

/// <summary>
/// What segmenters tell those who listen: an activity <c>lungseg.load</c> or <c>lungseg.segment</c> for each, the counter
/// <c>lungseg.images</c> (tags <c>network</c>, <c>outcome</c>: ok, cancelled, failed) and the histogram <c>lungseg.step.duration</c> in
/// seconds (tags <c>network</c>, <c>step</c>: read, preprocess, network, postprocess). Nobody listening costs nothing.
/// </summary>
internal static class Telemetry
{
    /// <summary>The name of the source and the meter.</summary>
    public const string Name = "LungSeg";

    public static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);
    private static readonly Counter<long> Images = Meter.CreateCounter<long>("lungseg.images", "{image}", "Images that were segmented.");
    private static readonly Histogram<double> Steps =
        Meter.CreateHistogram<double>("lungseg.step.duration", "s", "Time of each step of a segmentation.");

    /// <summary>Counts an image that was segmented, with its times.</summary>
    public static void Done(string network, SegmentationTimes times)
    {
        Images.Add(1, new KeyValuePair<string, object?>("network", network), new KeyValuePair<string, object?>("outcome", "ok"));
        if (!Steps.Enabled) return;
        if (times.Read > TimeSpan.Zero) Record("read", times.Read);
        Record("preprocess", times.Preprocess);
        Record("network", times.Network);
        Record("postprocess", times.Postprocess);

        void Record(string step, TimeSpan time) =>
            Steps.Record(time.TotalSeconds, new KeyValuePair<string, object?>("network", network),
                new KeyValuePair<string, object?>("step", step));
    }

    /// <summary>Counts an image that could not be segmented.</summary>
    public static void Failed(string network, Exception error, Activity? activity)
    {
        string outcome = error is OperationCanceledException ? "cancelled" : "failed";
        Images.Add(1, new KeyValuePair<string, object?>("network", network), new KeyValuePair<string, object?>("outcome", outcome));
        activity?.SetStatus(ActivityStatusCode.Error, error.Message);
    }
}
