using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LungSeg.Cli;
using LungSeg.Cli.Commands;
using LungSeg.Cli.Runs;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Models;
using LungSeg.Server.Delivery;
using LungSeg.Server.Dicom;
using LungSeg.Server.Http;
using LungSeg.Server.Rules;
using LungSeg.Server.Spooling;
using LungSeg.Server.Watching;

namespace LungSeg.Server;

/// <summary>The service: three doors, one spool, one queue, one segmenter, and couriers.</summary>
internal sealed class Service : IAsyncDisposable
{
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(20), Settle = TimeSpan.FromSeconds(2), Sweep = TimeSpan.FromSeconds(5),
        CommitmentPatience = TimeSpan.FromHours(1), StowPatience = TimeSpan.FromMinutes(2);

    private readonly Log _log;
    private readonly Spool _spool;
    private readonly IBackend _backend;
    private readonly LungSegmenter _segmenter;
    private readonly Work _work;
    private readonly Couriers _couriers;
    private readonly Commitments _commitments;
    private readonly LiveRules _rules;
    private readonly HttpClient _client = new() { Timeout = StowPatience };
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _housekeeping;
    private HttpDoor? _http;
    private DicomServer? _dicom;
    private WatchedFolder? _watch;

    private Service(ServeRequest request, ServiceSettings settings, IBackend backend, Division division, RetryPolicy retries, Log log)
    {
        (_log, _backend) = (log, backend);
        _spool = Spool.Open(settings.Spool, new SpoolLimits((long)request.SpoolGigabytes << 30, request.MaxWaiting,
            (long)request.ImageMegabytes << 20, TimeSpan.FromHours(request.KeepHours)), log);
        _spool.Pressure = new MemoryPressure(request.Memory > 0 ? request.Memory : MemoryPressure.Allowed).Reached;
        try
        {
            _segmenter = LungSegmenter.Load(request.Segmenter with { Backend = backend, Plans = division.Networks });
        }
        catch
        {
            _spool.Dispose();
            throw;
        }
        _rules = new LiveRules(settings.ReadRules, request.Rules, log);
        _work = new Work(_spool, _segmenter, request.Images, request.Results, _rules, RetryPolicy.Work, log);
        var caller = new CallerOptions(request.AeTitle, settings.NodeOptions.Limits, settings.Certificates.Client);
        _commitments = new Commitments(_spool, settings.Peers, caller, retries, log);
        _couriers = new Couriers(_spool, _rules, entry => Open(entry, caller), retries, CommitmentPatience, log);
        _commitments.Answered = _couriers.Answered;
        _work.Finished = _couriers.Add;
        _spool.Ready = Ready;
        _spool.Ended = Ended;
        foreach (Item item in _spool.Items.OrderBy(item => item.Acceptance.Time)) Ready(item);
        _work.Start(division.Images);
        _commitments.Resume();
        _housekeeping = Task.Run(KeepHouseAsync);
    }

    public int HttpPort => _http?.Port ?? 0;

    public int DicomPort => _dicom?.Port ?? 0;

    public Spool Spool => _spool;

    /// <summary>Runs until SIGTERM or Ctrl-C, or checks and returns.</summary>
    public static int Run(ServeRequest request, InvocationConfiguration streams)
    {
        ServiceSettings settings = ServiceSettings.Of(request);
        if (request.Check)
        {
            RuleSet rules = settings.ReadRules();
            streams.Output.WriteLine($"options and rules are in order: {rules.Count} {(rules.Count == 1 ? "rule" : "rules")}, "
                + $"destinations: {(rules.Destinations.Count == 0 ? "none" : string.Join(", ", rules.Destinations.Keys))}");
            return ExitCode.Done;
        }
        var log = new Log(streams.Error, streams.Output);
        return RunAsync(request, settings, streams.Error, log).GetAwaiter().GetResult();
    }

    /// <summary>Opens all doors.</summary>
    /// <exception cref="UsageException">A port is taken, or a directory cannot be used.</exception>
    public static async Task<Service> StartAsync(ServeRequest request, ServiceSettings settings, TextWriter error, RetryPolicy retries,
        Log log)
    {
        int threads = request.Threads > 0 ? request.Threads : Environment.ProcessorCount;
        var division = Division.Of(int.MaxValue, threads, Division.AvailableBytes);
        if (request.Memory > 0) division = MemoryCeiling.Hold(request.Memory, request.Device, division, request.Segmenter);
        IBackend backend = DeviceChoices.Open(request.Device, request.Precision, division.ThreadsEach, error);
        if (backend is not CpuBackend) division = division.OnDevice();
        Service service;
        try
        {
            service = new Service(request, settings, backend, division, retries, log);
        }
        catch
        {
            backend.Dispose();
            throw;
        }
        try
        {
            await service.OpenDoorsAsync(request, settings).ConfigureAwait(false);
            return service;
        }
        catch
        {
            await service.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Closes the doors, finishes what is in work, and leaves the rest in the spool.</summary>
    public async Task StopAsync()
    {
        if (_stop.IsCancellationRequested) return;
        _spool.Draining = true;
        await _stop.CancelAsync().ConfigureAwait(false);
        if (_watch is not null) await _watch.StopAsync().ConfigureAwait(false);
        Task http = _http?.StopAsync(Drain) ?? Task.CompletedTask, dicom = _dicom?.StopAsync(Drain) ?? Task.CompletedTask;
        await Task.WhenAll(http, dicom).ConfigureAwait(false);
        _commitments.Stop();
        await Task.Run(_work.Stop).ConfigureAwait(false);
        await _couriers.StopAsync(Drain).ConfigureAwait(false);
        await _housekeeping.ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        if (_http is not null) await _http.DisposeAsync().ConfigureAwait(false);
        if (_dicom is not null) await _dicom.DisposeAsync().ConfigureAwait(false);
        _watch?.Dispose();
        _work.Dispose();
        _couriers.Dispose();
        _commitments.Dispose();
        _segmenter.Dispose();
        _backend.Dispose();
        _client.Dispose();
        _spool.Dispose();
        _stop.Dispose();
    }

    private static async Task<int> RunAsync(ServeRequest request, ServiceSettings settings, TextWriter error, Log log)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var interruption = new Interruption(() => asked.TrySetResult());
        await using Service service = await StartAsync(request, settings, error, RetryPolicy.Delivery, log).ConfigureAwait(false);
        await asked.Task.ConfigureAwait(false);
        log.Info("stopping: what is under way is finished, the rest stays in the spool");
        await service.StopAsync().ConfigureAwait(false);
        log.Info("stopped");
        return ExitCode.Done;
    }

    private async Task OpenDoorsAsync(ServeRequest request, ServiceSettings settings)
    {
        string at = "";
        try
        {
            if (settings.DicomAt is { } dicom)
            {
                at = $"--dicom {request.Dicom}";
                NodeOptions node = settings.NodeOptions with { Tls = settings.Certificates.Server };
                _dicom = new DicomServer(dicom, node, (pdus, address, rejection, stop) =>
                    new AcceptedAssociation(pdus, node, _spool, _commitments, _log).ServeAsync(address, rejection, stop), _log);
            }
            if (settings.HttpAt is { } http)
            {
                at = $"--http {http}";
                _http = await HttpDoor.OpenAsync(http, settings.Certificates.Own, settings.Token, request.Rate, _spool, settings.Delivers,
                    () => _work.Waiting, _log).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            throw new UsageException($"{at}: cannot be listened at: {e.Message.ReplaceLineEndings(" ")}", e);
        }
        if (request.Watch is { } watch) _watch = new WatchedFolder(watch, settings.Sources, _spool, Settle, Sweep, notices: true, _log);
        var doors = new List<string>();
        if (_http is not null)
        {
            IPEndPoint address = new(settings.HttpAt!.Address, _http.Port);
            doors.Add($"http{(settings.Certificates.Own is null ? "" : "s")}://{address}/");
        }
        if (_dicom is not null) doors.Add($"DICOM {request.AeTitle}, port {_dicom.Port}");
        if (_watch is not null) doors.Add("a watched folder");
        _log.Info($"{Imaging.Software.Name} {Imaging.Software.Version} listens: {string.Join("; ", doors)}; "
            + $"{_segmenter.Network.Name} on {_segmenter.Device}");
    }

    private void Ready(Item item)
    {
        if (item.Status is ItemStatus.Queued or ItemStatus.Working) _work.Add(item);
        else if (item.Status == ItemStatus.Delivering) _couriers.Add(item);
    }

    private void Ended(Item item)
    {
        bool parked = item.Status == ItemStatus.Parked;
        if (parked) Metrics.Parked();
        else Metrics.Closed();
        if (parked) _watch?.PutAside(item);
        Acceptance came = item.Acceptance;
        WorkDone? done = item.Done;
        string results = string.Join(',', done?.Results.Select(result => result.Format) ?? []);
        string delivered = string.Join(',', done?.Destinations.Except(item.Open.Select(open => open.To)) ?? []);
        _log.Audit(string.Create(CultureInfo.InvariantCulture,
            $"item={item.Id} door={came.Door.ToString().ToLowerInvariant()} sender={Word(came.Sender)} "
            + $"accepted={came.Time:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} outcome={(parked ? "parked" : "done")} rule={Word(done?.Rule)} "
            + $"results={Word(results)} delivered={Word(delivered)} ms={done?.Milliseconds ?? 0:0}"));

        static string Word(string? text) => text is { Length: > 0 } ? text.Replace(' ', '_') : "-";
    }

    private IDestination Open(DestinationEntry entry, CallerOptions caller) => entry switch
    {
        { Store: { } node } => new StoreDestination(Node.Parse(node, entry.Tls), entry.Commit, caller, _commitments),
        { Stow: { } url } =>
        new StowDestination(_client, url, entry.TokenFile is null ? null : ServiceSettings.ReadToken("tokenFile", entry.TokenFile)),
        _ => new FolderDestination(entry.Out!),
    };

    private async Task KeepHouseAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(2));
        long round = 0;
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                _rules.Refresh();
                if (round++ % 30 == 0) _spool.Sweep();
            }
        }
        catch (OperationCanceledException)
        {
            // The service stops.
        }
    }
}
