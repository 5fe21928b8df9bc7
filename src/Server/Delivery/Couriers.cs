using LungSeg.IO;
using LungSeg.Server.Dicom;
using LungSeg.Server.Rules;
using LungSeg.Server.Spooling;

namespace LungSeg.Server.Delivery;

/// <summary>
/// Delivers results: each destination has a line of its own, so that one that is down holds up no other. A delivery that failed is tried
/// again after a while, which grows; the item is parked after the last try. When all is delivered, the item is closed.
/// </summary>
internal sealed class Couriers(Spool spool, LiveRules rules, Func<DestinationEntry, IDestination> open, RetryPolicy retries,
    TimeSpan commitmentPatience, Log log) : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, PriorityQueue<Item, DateTime>> _waiting = [];
    private readonly Dictionary<string, SemaphoreSlim> _wake = [];
    private readonly List<Task> _lines = [];
    private bool _stopping;

    /// <summary>Takes an item whose results are there: it is delivered to all that have not got them, or closed.</summary>
    public void Add(Item item)
    {
        IReadOnlyList<(string To, DeliveryState State)> open = item.Open;
        foreach ((string to, DeliveryState state) in open)
        {
            DateTime due = state.Transaction is not null ? state.Time + commitmentPatience : state.Failures > 0
                ? state.Time + retries.After(state.Failures) : DateTime.MinValue;
            Enqueue(to, item, due);
        }
        if (open.Count == 0) Close(item);
    }

    /// <summary>A report on storage commitment came for a delivery.</summary>
    public void Answered(Item item, string to, string? error)
    {
        if (error is null) Complete(item, to);
        else Failed(item, to, error);
    }

    /// <summary>Finishes the deliveries that are under way and begins no more.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        Task[] lines;
        lock (_lock)
        {
            _stop.CancelAfter(patience);
            _stopping = true;
            foreach (SemaphoreSlim wake in _wake.Values) wake.Release();
            lines = [.. _lines];
        }
        await Task.WhenAll(lines).ConfigureAwait(false);
    }

    public void Dispose()
    {
        _stop.Dispose();
        foreach (SemaphoreSlim wake in _wake.Values) wake.Dispose();
    }

    private void Enqueue(string to, Item item, DateTime due)
    {
        lock (_lock)
        {
            if (_stopping) return;
            if (!_waiting.TryGetValue(to, out PriorityQueue<Item, DateTime>? line))
            {
                _waiting[to] = line = new PriorityQueue<Item, DateTime>();
                _wake[to] = new SemaphoreSlim(0);
                _lines.Add(Task.Run(() => RunAsync(to)));
            }
            // Of those that may go at once, the one that came first.
            line.Enqueue(item, due == DateTime.MinValue ? DateTime.MinValue.AddTicks(item.Acceptance.Time.Ticks / 1000) : due);
            _wake[to].Release();
        }
    }

    private async Task RunAsync(string to)
    {
        while (!_stopping)
        {
            Item? item;
            TimeSpan wait = Timeout.InfiniteTimeSpan;
            lock (_lock)
            {
                if (_waiting[to].TryPeek(out item, out DateTime due))
                {
                    wait = due - DateTime.UtcNow;
                    if (wait <= TimeSpan.Zero) _waiting[to].Dequeue();
                    else item = null;
                }
            }
            if (item is null)
            {
                await _wake[to].WaitAsync(wait == Timeout.InfiniteTimeSpan || wait.TotalMilliseconds < int.MaxValue ? wait
                    : TimeSpan.FromDays(1)).ConfigureAwait(false);
            }
            else await DeliverAsync(item, to).ConfigureAwait(false);
        }
    }

    private async Task DeliverAsync(Item item, string to)
    {
        DeliveryState state = item.Delivery(to);
        if (state.Complete || item.Removed || item.Status != ItemStatus.Delivering) return;
        // An older entry of the line, from before a commitment was asked for.
        if (state.Transaction is not null && DateTime.UtcNow < state.Time + commitmentPatience) return;
        try
        {
            if (state.Transaction is not null)
            {
                log.Warn($"item {item.Id}: no storage commitment from {to} in {commitmentPatience.TotalMinutes:0.#} min: its results "
                    + "are sent again");
            }
            if (!rules.Current.Destinations.TryGetValue(to, out DestinationEntry? entry))
                throw new PeerException($"there is no destination '{to}' any more");
            if (await open(entry).SendAsync(item, to, _stop.Token).ConfigureAwait(false)) Complete(item, to);
            else if (!item.Delivery(to).Complete) Enqueue(to, item, DateTime.UtcNow + commitmentPatience);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The next start sends it again.
        }
        catch (Exception e) when (Calling.IsFault(e) || e is UnauthorizedAccessException or LungSegException or OperationCanceledException)
        {
            Failed(item, to, e.Message.ReplaceLineEndings(" "));
        }
        catch (Exception e)
        {
            log.Error($"item {item.Id}: a fault of the program while it was delivered: {e}");
            Failed(item, to, $"{e.GetType().Name}: {e.Message}");
        }
    }

    private void Complete(Item item, string to)
    {
        lock (item)
        {
            if (item.Delivery(to).Complete || item.Status != ItemStatus.Delivering) return;
            if (!Note(item, new DeliveryLine(to, DateTime.UtcNow))) return;
            Metrics.Delivered();
            if (item.Open.Count == 0) Close(item);
        }
    }

    private void Failed(Item item, string to, string error)
    {
        Metrics.DeliveryFailed();
        lock (item)
        {
            if (item.Status != ItemStatus.Delivering) return;
            bool noted = Note(item, new DeliveryLine(to, DateTime.UtcNow) { Error = error });
            int failures = item.Delivery(to).Failures;
            log.Warn($"item {item.Id}: delivery to {to} failed, try {failures}: {error}");
            if (noted && failures >= retries.Tries) spool.Park(item, $"delivery to {to}: {error}");
            else Enqueue(to, item, DateTime.UtcNow + retries.After(Math.Max(failures, 1)));
        }
    }

    // On a full disk nothing can be noted; the delivery is tried again.
    private bool Note(Item item, DeliveryLine line)
    {
        try
        {
            item.Append(new JournalLine { Delivery = line });
            return true;
        }
        catch (IOException e)
        {
            log.Error($"item {item.Id}: its journal cannot be written: {e.Message}");
            if (line.Error is null) Enqueue(line.To, item, DateTime.UtcNow + retries.After(1));
            return false;
        }
    }

    private void Close(Item item)
    {
        try
        {
            // A direct answer is removed by the one who waits for it.
            if (!item.IsDirect && item.Status == ItemStatus.Delivering) spool.Close(item);
        }
        catch (IOException e)
        {
            log.Error($"item {item.Id}: cannot be closed: {e.Message}");
        }
    }
}
