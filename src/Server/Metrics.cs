using System.Globalization;
using System.Text;
using LungSeg.Server.Spooling;

namespace LungSeg.Server;

/// <summary>What the service counts, in Prometheus' text format.</summary>
internal static class Metrics
{
    private static readonly double[] Bounds = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60];
    private static readonly long[] AcceptedBy = new long[Enum.GetValues<Door>().Length];
    private static readonly long[] RepeatsBy = new long[Enum.GetValues<Door>().Length];
    private static readonly long[] Buckets = new long[Bounds.Length + 1];
    private static long _segmented, _failed, _parked, _closed, _delivered, _deliveryFailures, _refused, _associations,
        _rejectedAssociations, _milliseconds;

    public static void Accepted(Door door, bool isRepeat) => Interlocked.Increment(ref (isRepeat ? RepeatsBy : AcceptedBy)[(int)door]);

    public static void Segmented(TimeSpan sinceAcceptance)
    {
        Interlocked.Increment(ref _segmented);
        Interlocked.Add(ref _milliseconds, (long)sinceAcceptance.TotalMilliseconds);
        int at = Array.FindIndex(Bounds, bound => sinceAcceptance.TotalSeconds <= bound);
        Interlocked.Increment(ref Buckets[at < 0 ? Bounds.Length : at]);
    }

    public static void Failed() => Interlocked.Increment(ref _failed);

    public static void Parked() => Interlocked.Increment(ref _parked);

    public static void Closed() => Interlocked.Increment(ref _closed);

    public static void Delivered() => Interlocked.Increment(ref _delivered);

    public static void DeliveryFailed() => Interlocked.Increment(ref _deliveryFailures);

    public static void Refused() => Interlocked.Increment(ref _refused);

    public static void Association(bool rejected) => Interlocked.Increment(ref rejected ? ref _rejectedAssociations : ref _associations);

    /// <summary>All of it, with what the spool holds now.</summary>
    public static string Text(Spool spool)
    {
        var text = new StringBuilder();
        Add("lungseg_accepted_total", "counter", "Images accepted, by door.",
            [.. Enum.GetValues<Door>().Select(door => ($"{{door=\"{Name(door)}\"}}", Interlocked.Read(ref AcceptedBy[(int)door])))]);
        Add("lungseg_repeats_total", "counter", "Images that were there already, by door.",
            [.. Enum.GetValues<Door>().Select(door => ($"{{door=\"{Name(door)}\"}}", Interlocked.Read(ref RepeatsBy[(int)door])))]);
        Add("lungseg_segmented_total", "counter", "Images whose results were made.", ("", Interlocked.Read(ref _segmented)));
        Add("lungseg_failed_total", "counter", "Tries at an image's results that failed.", ("", Interlocked.Read(ref _failed)));
        Add("lungseg_parked_total", "counter", "Images that were parked.", ("", Interlocked.Read(ref _parked)));
        Add("lungseg_closed_total", "counter", "Images for which all was done.", ("", Interlocked.Read(ref _closed)));
        Add("lungseg_delivered_total", "counter", "Deliveries.", ("", Interlocked.Read(ref _delivered)));
        Add("lungseg_delivery_failures_total", "counter", "Tries at a delivery that failed.",
            ("", Interlocked.Read(ref _deliveryFailures)));
        Add("lungseg_refused_total", "counter", "Images that were not accepted for want of room or by limits.",
            ("", Interlocked.Read(ref _refused)));
        Add("lungseg_associations_total", "counter", "DICOM associations accepted.", ("", Interlocked.Read(ref _associations)));
        Add("lungseg_rejected_associations_total", "counter", "DICOM associations rejected.",
            ("", Interlocked.Read(ref _rejectedAssociations)));
        IReadOnlyList<Item> items = spool.Items;
        Add("lungseg_items", "gauge", "Images in the spool, by status.", [.. Enum.GetValues<ItemStatus>()
            .Select(status => ($"{{status=\"{status.ToString().ToLowerInvariant()}\"}}", items.LongCount(item => item.Status == status)))]);
        Add("lungseg_spool_bytes", "gauge", "Bytes in the spool.", ("", spool.Bytes));
        Add("lungseg_memory_bytes", "gauge", "Resident memory of the process.", ("", Environment.WorkingSet));
        AddHistogram(text);
        return text.ToString();

        void Add(string name, string type, string help, params ReadOnlySpan<(string Labels, long Value)> values)
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");
            foreach ((string labels, long value) in values) text.Append(CultureInfo.InvariantCulture, $"{name}{labels} {value}\n");
        }
    }

    private static string Name(Door door) => door.ToString().ToLowerInvariant();

    private static void AddHistogram(StringBuilder text)
    {
        const string Duration = "lungseg_duration_seconds";
        text.Append(CultureInfo.InvariantCulture, $"# HELP {Duration} From acceptance to results.\n# TYPE {Duration} histogram\n");
        long sum = 0;
        for (int i = 0; i < Buckets.Length; i++)
        {
            sum += Interlocked.Read(ref Buckets[i]);
            string bound = i < Bounds.Length ? Bounds[i].ToString(CultureInfo.InvariantCulture) : "+Inf";
            text.Append(CultureInfo.InvariantCulture, $"{Duration}_bucket{{le=\"{bound}\"}} {sum}\n");
        }
        text.Append(CultureInfo.InvariantCulture, $"{Duration}_sum "
            + $"{Interlocked.Read(ref _milliseconds) / 1000.0:0.###}\n{Duration}_count {sum}\n");
    }
}
