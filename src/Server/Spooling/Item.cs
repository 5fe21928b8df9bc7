using System.Text.Json;

namespace LungSeg.Server.Spooling;

/// <summary>Where an item stands.</summary>
internal enum ItemStatus
{
    /// <summary>It waits for the network, or for another try.</summary>
    Queued,

    /// <summary>It is in work.</summary>
    Working,

    /// <summary>Its results are there and not all delivered.</summary>
    Delivering,

    /// <summary>All is done.</summary>
    Done,

    /// <summary>Nothing more is tried until somebody asks.</summary>
    Parked,
}

/// <summary>A delivery as far as it has come.</summary>
internal sealed record DeliveryState(bool Complete, int Failures, string? Error, string? Transaction, DateTime Time);

/// <summary>
/// An accepted image: a directory with the bytes as they came (<c>input</c>), a journal, and results. The journal says all; what is here is
/// read from it. Each line is on the disk before the call that adds it returns. A direct request has no journal: after a crash nothing is
/// owed to its caller.
/// </summary>
internal sealed class Item
{
    private const string JournalName = "journal.jsonl", InputName = "input", ResultsName = "results";
    private readonly Lock _lock = new();
    private readonly Dictionary<string, DeliveryState> _deliveries = [];
    private TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Item(string directory) => Directory = directory;

    public string Directory { get; private set; }

    /// <summary>The item's identifier, which follows from content and request.</summary>
    public string Id => Path.GetFileName(Directory);

    public string Input => Path.Combine(Directory, InputName);

    public string Results => Path.Combine(Directory, ResultsName);

    public Acceptance Acceptance { get; private set; } = null!;

    /// <summary>Whether a caller waits for the answer.</summary>
    public bool IsDirect => Acceptance.Request is { Direct: true };

    public ItemStatus Status { get; private set; }

    public WorkDone? Done { get; private set; }

    /// <summary>How often the process ended while this was in work, with nothing else between.</summary>
    public int Crashes { get; private set; }

    /// <summary>How often work failed since it was last asked for.</summary>
    public int Failures { get; private set; }

    /// <summary>What went wrong last; null if nothing did.</summary>
    public string? Error { get; private set; }

    /// <summary>When the journal's last line was written.</summary>
    public DateTime Changed { get; private set; }

    /// <summary>Callers who wait for a direct request's answer.</summary>
    public int Waiters { get; set; }

    /// <summary>Whether the item is no longer in the spool.</summary>
    public bool Removed { get; set; }

    /// <summary>Bytes of input and results on the disk.</summary>
    public long Bytes { get; set; }

    /// <summary>Ends when there are results, or when nothing more is tried.</summary>
    public Task Settled
    {
        get
        {
            lock (_lock) return _settled.Task;
        }
    }

    /// <summary>Destinations that have not got the results yet, with what was tried.</summary>
    public IReadOnlyList<(string To, DeliveryState State)> Open
    {
        get
        {
            lock (_lock)
                return [.. (Done?.Destinations ?? []).Select(to => (to, _deliveries.GetValueOrDefault(to, Fresh)))
                .Where(pair => !pair.Item2.Complete)];
        }
    }

    public DeliveryState Delivery(string to)
    {
        lock (_lock) return _deliveries.GetValueOrDefault(to, Fresh);
    }

    private static DeliveryState Fresh { get; } = new(false, 0, null, null, default);

    /// <summary>Begins a journal in a directory that has the input; flushed, but for the directory itself.</summary>
    public static Item Create(string directory, Acceptance acceptance)
    {
        var item = new Item(directory) { Acceptance = acceptance };
        item.Append(new JournalLine { Accepted = acceptance });
        return item;
    }

    /// <summary>
    /// Reads an item; null where its journal holds no acceptance. A last line that was cut short is no line, and is cut off.
    /// </summary>
    public static Item? Load(string directory)
    {
        var item = new Item(directory);
        string path = Path.Combine(directory, JournalName);
        if (!File.Exists(path)) return null;
        byte[] bytes = File.ReadAllBytes(path);
        int end = Array.LastIndexOf(bytes, (byte)'\n') + 1;
        if (end < bytes.Length)
        {
            using FileStream journal = new(path, FileMode.Open, FileAccess.Write);
            journal.SetLength(end);
            journal.Flush(flushToDisk: true);
        }
        try
        {
            for (int from = 0, next; from < end; from = next + 1)
            {
                next = Array.IndexOf(bytes, (byte)'\n', from);
                item.Apply(SpoolJson.Parse(bytes.AsSpan(from, next - from)));
            }
        }
        catch (JsonException)
        {
            return null;
        }
        item.Changed = File.GetLastWriteTimeUtc(path);
        return item.Acceptance is null ? null : item;
    }

    /// <summary>The item under its name, after its directory was renamed.</summary>
    public void MovedTo(string directory) => Directory = directory;

    /// <summary>Adds a line, and returns when it is on the disk; of a direct request it is only noted here.</summary>
    public void Append(JournalLine line)
    {
        lock (_lock)
        {
            if (!IsDirect) Write(line);
            Changed = DateTime.UtcNow;
            Apply(line);
        }
    }

    private void Write(JournalLine line)
    {
        byte[] bytes = [.. JsonSerializer.SerializeToUtf8Bytes(line, SpoolJson.Default.JournalLine), (byte)'\n'];
        string path = Path.Combine(Directory, JournalName);
        using FileStream journal = new(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        long before = journal.Length;
        try
        {
            journal.Write(bytes);
            journal.Flush(flushToDisk: true);
        }
        catch (IOException)
        {
            // Half a line would spoil the next.
            journal.SetLength(before);
            throw;
        }
    }

    private void Apply(JournalLine line)
    {
        if (line.Accepted is not null) Acceptance = line.Accepted;
        if (line.Work is not null) (Status, Crashes) = (ItemStatus.Working, Crashes + 1);
        if (line.Failed is { } failed) (Status, Crashes, Failures, Error) = (ItemStatus.Queued, 0, Failures + 1, failed.Error);
        if (line.Done is not null)
        {
            (Status, Done, Crashes, Failures, Error) = (ItemStatus.Delivering, line.Done, 0, 0, null);
            _settled.TrySetResult();
        }
        if (line.Delivery is { } delivery)
        {
            DeliveryState before = _deliveries.GetValueOrDefault(delivery.To, Fresh);
            _deliveries[delivery.To] = delivery.Error is { } error
                ? new DeliveryState(false, before.Failures + 1, error, null, delivery.Time)
                : before with
                {
                    Complete = delivery.Transaction is null,
                    Transaction = delivery.Transaction,
                    Error = null,
                    Time = delivery.Time,
                };
            Error = delivery.Error ?? Error;
        }
        if (line.Parked is { } parked)
        {
            (Status, Error) = (ItemStatus.Parked, parked.Error);
            _settled.TrySetResult();
        }
        if (line.Again is not null) Reopen();
        if (line.Closed is not null) Status = ItemStatus.Done;
    }

    // Of a delivery that was given up the results are there still; of an item that was closed they are made anew.
    private void Reopen()
    {
        (Crashes, Failures, Error) = (0, 0, null);
        if (Status == ItemStatus.Parked && Done is not null)
        {
            Status = ItemStatus.Delivering;
            foreach ((string to, DeliveryState state) in _deliveries.ToArray())
                if (!state.Complete) _deliveries.Remove(to);
            return;
        }
        (Status, Done) = (ItemStatus.Queued, null);
        _deliveries.Clear();
        if (_settled.Task.IsCompleted) _settled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
