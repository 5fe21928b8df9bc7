using System.Globalization;

namespace LungSeg.Server;

/// <summary>
/// The memory that the service may use. Near it nothing new is taken, so that what was accepted can be finished: senders are told to come
/// again, as they are where the spool is full.
/// </summary>
/// <param name="bytes">What the process may use, in bytes.</param>
/// <param name="used">What it uses; given by tests.</param>
internal sealed class MemoryPressure(long bytes, Func<long>? used = null)
{
    // What is in work when the ceiling is looked at has its room in the rest.
    private const double High = 0.85;
    private static readonly TimeSpan BetweenCollections = TimeSpan.FromSeconds(5);
    private readonly Func<long> _used = used ?? (() => Environment.WorkingSet);
    private readonly Lock _lock = new();
    private DateTime _collected;

    /// <summary>What the machine, or the group of processes that this one is in, allows.</summary>
    public static long Allowed => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>Why nothing is taken for now; null where something is.</summary>
    public string? Reached()
    {
        if (_used() < bytes * High) return null;
        // Images that are done still count until they are collected.
        Collect();
        long now = _used();
        return now < bytes * High
            ? null
            : string.Create(CultureInfo.InvariantCulture,
                $"the service uses {now >> 20} MiB of memory; near its limit of {bytes >> 20} MiB nothing more is taken");
    }

    private void Collect()
    {
        lock (_lock)
        {
            if (DateTime.UtcNow - _collected < BetweenCollections) return;
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            _collected = DateTime.UtcNow;
        }
    }
}
