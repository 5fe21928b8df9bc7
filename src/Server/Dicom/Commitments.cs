using System.Text.Json;
using LungSeg.IO;
using LungSeg.Server.Spooling;

namespace LungSeg.Server.Dicom;

/// <summary>
/// Storage commitment, both ways. Asked of us: the report goes to the peer's own address where that is known, else on the association that
/// asked; reports that were not confirmed are kept in the spool and tried again. Asked by us: reports on results that were delivered.
/// </summary>
internal sealed class Commitments : IDisposable
{
    private const int MaxTries = 30;
    private readonly Spool _spool;
    private readonly IReadOnlyList<Node> _peers;
    private readonly CallerOptions _caller;
    private readonly RetryPolicy _retries;
    private readonly Log _log;
    private readonly string _directory;
    private readonly Lock _lock = new();
    private readonly Dictionary<AcceptedAssociation, Dictionary<ushort, CommitmentReport>> _expected = [];
    private readonly CancellationTokenSource _stop = new();
    private int _id;

    public Commitments(Spool spool, IReadOnlyList<Node> peers, CallerOptions caller, RetryPolicy retries, Log log)
    {
        (_spool, _peers, _caller, _retries, _log) = (spool, peers, caller, retries, log);
        _directory = Path.Combine(spool.Directory, "reports");
        Directory.CreateDirectory(_directory);
    }

    /// <summary>Called with what a report says of a delivery: item, destination, and what failed, null where all is kept.</summary>
    public Action<Item, string, string?>? Answered { get; set; }

    /// <summary>Sends the reports that an earlier process left.</summary>
    public void Resume()
    {
        foreach (string file in Directory.EnumerateFiles(_directory, "*.json"))
        {
            CommitmentReport? report = null;
            try
            {
                report = JsonSerializer.Deserialize(File.ReadAllBytes(file), CommitmentJson.Default.CommitmentReport);
            }
            catch (JsonException)
            {
                _log.Error("a report on a storage commitment cannot be read; it is removed");
            }
            if (report is null || !ByNewAssociation(report)) File.Delete(file);
        }
    }

    public ushort NextId() => (ushort)Interlocked.Increment(ref _id);

    /// <summary>Takes a request: what is in the spool, or was, is kept. The report is on the disk when this returns.</summary>
    public (ushort Status, string? Reason, CommitmentReport? Report) Take(byte[] data, bool isExplicit, string peer)
    {
        CommitmentReport asked;
        try
        {
            asked = CommitmentReport.Read(data, isExplicit, peer);
        }
        catch (ProtocolException e)
        {
            return (Status.ProcessingFailure, e.Message, null);
        }
        CommitmentReport report = asked with { Instances = [.. asked.Instances.Select(Judge)] };
        AtomicFile.Write(PathOf(report), stream => JsonSerializer.Serialize(stream, report, CommitmentJson.Default.CommitmentReport));
        return (Status.Success, null, report);
    }

    /// <summary>Reports on a new association where the peer's address is known; false where it is not.</summary>
    public bool ByNewAssociation(CommitmentReport report)
    {
        if (_peers.FirstOrDefault(node => node.AeTitle == report.Peer) is not { } peer) return false;
        _ = Task.Run(() => SendAsync(peer, report));
        return true;
    }

    /// <summary>A report was sent on an association, and a response is expected.</summary>
    public void Expect(AcceptedAssociation association, ushort id, CommitmentReport report)
    {
        lock (_lock)
        {
            if (!_expected.TryGetValue(association, out Dictionary<ushort, CommitmentReport>? reports))
                _expected[association] = reports = [];
            reports[id] = report;
        }
    }

    /// <summary>The response to a report came.</summary>
    public void Confirmed(AcceptedAssociation association, ushort id)
    {
        CommitmentReport? report = null;
        lock (_lock)
            if (_expected.TryGetValue(association, out Dictionary<ushort, CommitmentReport>? reports)) reports.Remove(id, out report);
        if (report is not null) File.Delete(PathOf(report));
    }

    /// <summary>An association ended: reports that were not confirmed on it are lost, as there is no other way to the peer.</summary>
    public void AssociationEnded(AcceptedAssociation association)
    {
        Dictionary<ushort, CommitmentReport>? reports;
        lock (_lock) _expected.Remove(association, out reports);
        foreach (CommitmentReport report in reports?.Values ?? Enumerable.Empty<CommitmentReport>())
        {
            _log.Warn($"a report on storage commitment was not confirmed by {report.Peer}, and its address is not known: name it with "
                + "--peer");
            File.Delete(PathOf(report));
        }
    }

    /// <summary>A report on what this node delivered. Whatever it says, it is answered.</summary>
    public (ushort Status, string? Reason) Reported(CommandSet command, byte[] data, bool isExplicit)
    {
        if (command.Number(CommandSet.EventType) is not (CommitmentReport.AllKept or CommitmentReport.SomeFailed))
            return (Status.NoSuchEvent, "the event type 1 or 2 was expected");
        CommitmentReport report;
        try
        {
            report = CommitmentReport.Read(data, isExplicit, "");
        }
        catch (ProtocolException e)
        {
            return (Status.ProcessingFailure, e.Message);
        }
        bool found = false;
        foreach (Item item in _spool.Items)
        {
            foreach ((string to, DeliveryState state) in item.Open)
            {
                if (state.Transaction != report.Transaction) continue;
                found = true;
                int failed = report.Instances.Count(instance => instance.Failure != 0);
                Answered?.Invoke(item, to, failed == 0 ? null : $"storage was not committed for {failed} objects, reason "
                    + $"{report.Instances.First(instance => instance.Failure != 0).Failure:X4}");
            }
        }
        return found ? (Status.Success, null) : (Status.ProcessingFailure, "the transaction is unknown");
    }

    public void Stop() => _stop.Cancel();

    public void Dispose() => _stop.Dispose();

    private CommittedInstance Judge(CommittedInstance asked)
    {
        IReadOnlyList<Item> items = _spool.Of(asked.SopInstance);
        ushort failure = items.All(item => item.Status == ItemStatus.Parked) ? Status.NoSuchInstance
            : items.All(item => item.Acceptance.Dicom!.SopClass != asked.SopClass) ? (ushort)0x0119
            : (ushort)0;
        return asked with { Failure = failure };
    }

    private async Task SendAsync(Node peer, CommitmentReport report)
    {
        for (int failures = 0; failures < MaxTries;)
        {
            try
            {
                using Calling calling = await Calling.OpenAsync(
                    peer, _caller, [(Uids.Commitment, [Uids.Implicit, Uids.Explicit])],
                    [new RoleSelection(Uids.Commitment, User: false, Provider: true)], _stop.Token).ConfigureAwait(false);
                if (calling.Contexts.Count == 0) throw new PeerException($"{peer} takes no reports on storage commitment");
                (byte context, _, string syntax) = calling.Contexts[0];
                await calling.AskAsync(context, report.Command, new MemoryStream(report.ToBytes(syntax == Uids.Explicit)))
                    .ConfigureAwait(false);
                await calling.ReleaseAsync().ConfigureAwait(false);
                File.Delete(PathOf(report));
                return;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e) when (Calling.IsFault(e))
            {
                _log.Warn($"a report on storage commitment did not reach {peer}: {e.Message}");
                try
                {
                    await Task.Delay(_retries.After(++failures), _stop.Token).ConfigureAwait(false);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
        }
        _log.Error($"a report on storage commitment was given up after {MaxTries} tries: {peer}");
        File.Delete(PathOf(report));
    }

    private string PathOf(CommitmentReport report) =>
        Path.Combine(_directory, $"{Sha256.TextOf($"{report.Peer}\n{report.Transaction}")[..32]}.json");
}
