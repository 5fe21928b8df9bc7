using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using LungSeg.Cli.Tests;
using LungSeg.Imaging.Tests.Dicom;
using LungSeg.IO;
using LungSeg.Server.Dicom;
using LungSeg.Server.Tests.Dicom;

namespace LungSeg.Server.Tests;

/// <summary>
/// The promise that nothing accepted is lost: kill -9 at any moment while images come, connections that are cut at any byte, and the order
/// of flushes before an answer. LUNGSEG_SERVER_KILLS sets another number of kills.
/// </summary>
public sealed partial class KillTests : IDisposable
{
    private static readonly int Kills = int.Parse(Environment.GetEnvironmentVariable("LUNGSEG_SERVER_KILLS") ?? "3");
    private readonly TemporaryDirectory _directory = new();
    private readonly ConcurrentDictionary<string, ConcurrentBag<string>> _received = [];
    private readonly ConcurrentDictionary<string, string> _sources = [];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Each_accepted_image_is_delivered_after_any_number_of_kills_and_repeats_are_the_same_bytes()
    {
        await using DicomServer pacs = Archive();
        int port = PeerTests.FreePort();
        var accepted = new ConcurrentQueue<int>();
        using var stop = new CancellationTokenSource();
        ServerProcess server = Start(port, pacs.Port);
        try
        {
            Task sending = Task.Run(() => Send(port, accepted, stop.Token));
            var random = new Random(20261130);
            for (int kill = 0; kill < Kills; kill++)
            {
                await server.UntilListening();
                await Task.Delay(random.Next(50, 1500));
                Assert.False(server.HasExited, server.Events);
                server.Kill();
                server.Dispose();
                server = Start(port, pacs.Port);
            }
            await server.UntilListening();
            await stop.CancelAsync();
            await sending;
            string[] expected = [.. accepted.Select(Samples.Uid).Distinct()];
            Assert.NotEmpty(expected);
            await RetryParked(server);
            await TestService.Until(() =>
                expected.All(_sources.ContainsKey), $"all {expected.Length} are delivered; {server.Events}", 120 + Kills);
            await TestService.Until(() => Open(server).GetAwaiter().GetResult() == 0, "nothing is left to do", 60);
            Assert.All(_received, received => Assert.Single(received.Value.Distinct()));
            Assert.Empty(Directory.EnumerateFileSystemEntries(_directory["spool/incoming"]));
            Assert.False(Directory.EnumerateFiles(_directory["spool"], "*.tmp", SearchOption.AllDirectories).Any());
            Assert.False(Directory.EnumerateFiles(_directory["spool"], "input", SearchOption.AllDirectories).Any());
            Assert.Equal(0, server.Terminate());
            int repeats = _received.Values.Sum(times => times.Count) - _received.Count;
            TestContext.Current.SendDiagnosticMessage($"{Kills} kills: {expected.Length} images accepted, {_received.Count} results "
                + $"delivered, {repeats} of them more than once, all with the same bytes");
        }
        finally
        {
            server.Dispose();
        }
    }

    [Fact]
    public async Task Connections_that_are_cut_at_any_byte_lose_nothing()
    {
        await using DicomServer pacs = Archive();
        using var results = new FaultProxy(pacs.Port, seed: 5);
        await using TestService service = await TestService.StartAsync(_directory, request =>
            request with { Out = null, Store = $"PACS@127.0.0.1:{results.Port}" });
        using var images = new FaultProxy(service.DicomPort, seed: 7);
        for (int number = 1; number <= 10; number++)
        {
            int tries = 0;
            while (!TrySend(images.Port, number)) Assert.True(++tries < 100, "an image never came through");
        }
        await TestService.Until(() =>
            Enumerable.Range(1, 10).All(number => _sources.ContainsKey(Samples.Uid(number))), $"all are delivered; {service.Events}");
        await service.UntilDone(10);
        Assert.True(results.Cuts > 0 && images.Cuts > 0);
        Assert.All(_received, received => Assert.Single(received.Value.Distinct()));
    }

    /// <summary>What the kernel saw between the last byte of an image and the answer.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task File_journal_and_directories_are_flushed_before_the_answer(bool dicom)
    {
        Peer.Need("strace", "strace");
        using var server = ServerProcess.Start(_directory);
        await server.UntilListening();
        string trace = _directory["trace"];
        using var strace = System.Diagnostics.Process.Start("strace",
            ["-f", "-y", "-s", "64", "-e", "trace=fsync,rename,renameat2,sendto,sendmsg,write", "-o", trace, "-p", $"{server.Id}"]);
        await Task.Delay(1000);
        Assert.SkipWhen(strace.HasExited, "this machine does not let strace look at a process");
        try
        {
            if (dicom) Assert.True(TrySend(server.DicomPort, 1));
            else
            {
                using var client = new HttpClient();
                Assert.Equal(HttpStatusCode.Accepted, (await client.PostAsync($"http://127.0.0.1:{server.HttpPort}/v1/jobs?format=json",
                    new ByteArrayContent(Samples.Dicom()))).StatusCode);
            }
        }
        finally
        {
            strace.Kill();
            await strace.WaitForExitAsync();
        }
        string[] lines = File.ReadAllLines(trace);
        int image = Find(@"fsync\(\d+<.*/spool/incoming/\w+/input>\)"),
            journal = Find(@"fsync\(\d+<.*/spool/incoming/\w+/journal\.jsonl>\)");
        int inside = Find(@"fsync\(\d+<.*/spool/incoming/\w+>\)"), rename = Find(@"rename(at2)?\(.*/spool/items/\w+"),
            directory = Find(@"fsync\(\d+<.*/spool/items>\)");
        int answer = Find(dicom ? @"sendmsg\(.*\\4\\0\\0\\0\\0|sendto\(.*\\4\\0\\0\\0\\0|write\(.*\\4\\0\\0\\0\\0" : "202 Accepted");
        Assert.True(image < rename && journal < rename && inside < rename && rename < directory && directory < answer,
            string.Join('\n', lines.Where(line => line.Contains("fsync") || line.Contains("rename") || line.Contains("send"))));

        int Find(string pattern)
        {
            int at = Array.FindIndex(lines, line => Regex.IsMatch(line, pattern));
            Assert.True(at >= 0, $"{pattern} is not in\n{string.Join('\n', lines)}");
            return at;
        }
    }

    private ServerProcess Start(int port, int pacs) =>
        ServerProcess.Start(_directory, "--dicom", $"127.0.0.1:{port}", "--store", $"PACS@127.0.0.1:{pacs}", "--format", "seg");

    // A modality: each image until it is answered with success, then the next.
    private static void Send(int port, ConcurrentQueue<int> accepted, CancellationToken stop)
    {
        for (int number = 1; !stop.IsCancellationRequested;)
        {
            if (TrySend(port, number)) accepted.Enqueue(number++);
            Thread.Sleep(20);
        }
    }

    private static bool TrySend(int port, int number)
    {
        try
        {
            using var peer = new RawPeer(port);
            peer.Associate();
            if (peer.SendImage(RawPeer.Store(Samples.Uid(number)), RawPeer.DataSet(Samples.Dicom(number)))
                .Number(CommandSet.StatusElement) != Status.Success)
            {
                return false;
            }
            peer.Release();
            return true;
        }
        catch (Exception e) when (e is IOException or SocketException or TimeoutException
            || e.GetType().Namespace!.StartsWith("Xunit", StringComparison.Ordinal))
        {
            return false;
        }
    }

    /// <summary>Logs each C-STORE: which object, with which bytes, of which image.</summary>
    private DicomServer Archive() =>
        new(new IPEndPoint(IPAddress.Loopback, 0), new NodeOptions { AeTitle = "PACS" }, async (pdus, _, _, stop) =>
    {
        if (await pdus.ReadAsync(TimeSpan.FromSeconds(5), stop) is not { } pdu) return;
        AssociationItems request = AssociationItems.Read(pdu.Content.Span);
        await pdus.WriteAsync(PduType.AssociateAccept, (request with
        {
            Proposed = [],
            Answers = [.. request.Proposed.Select(one => new ContextAnswer(one.Id, 0, one.TransferSyntaxes[0]))]
        }).ToBytes());
        var messages = new MessageReader(pdus);
        while (await messages.CommandAsync(TimeSpan.FromSeconds(5), stop) is var (context, command))
        {
            byte[] data = await messages.DataAsync(context, 1 << 24);
            _received.GetOrAdd(command.Text(CommandSet.AffectedInstance), _ => []).Add(Sha256.TextOf(data));
            foreach (Match match in SourceUid().Matches(Encoding.Latin1.GetString(data))) _sources[match.Value] = "";
            await pdus.WriteMessageAsync(context, CommandSet.ResponseTo(command, Status.Success).ToBytes(), null);
        }
        await pdus.WriteAsync(PduType.ReleaseReply, new byte[4]);
    }, Log.None);

    private static async Task RetryParked(ServerProcess server)
    {
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{server.HttpPort}/") };
        foreach (JsonElement parked in JsonDocument.Parse(await client.GetStringAsync("v1/parked")).RootElement.GetProperty("parked")
            .EnumerateArray())
        {
            // By chance in work when the process ended three times.
            Assert.Contains("times while", parked.GetProperty("error").GetString());
            await client.PostAsync($"v1/parked/{parked.GetProperty("id").GetString()}/retry", null);
        }
    }

    private static async Task<int> Open(ServerProcess server)
    {
        using var client = new HttpClient();
        string metrics = await client.GetStringAsync($"http://127.0.0.1:{server.HttpPort}/metrics");
        return Items().Matches(metrics).Sum(match => match.Groups[1].Value == "done" ? 0 : int.Parse(match.Groups[2].Value));
    }

    [GeneratedRegex(@"1\.2\.3\.4\.\d+")]
    private static partial Regex SourceUid();

    [GeneratedRegex(@"lungseg_items\{status=""(\w+)""\} (\d+)")]
    private static partial Regex Items();
}

/// <summary>Passes connections on, and cuts many of them after a random number of bytes in either direction.</summary>
internal sealed class FaultProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _target;
    private readonly Random _random;
    private int _cuts;

    public FaultProxy(int target, int seed)
    {
        (_target, _random) = (target, new Random(seed));
        _listener.Start();
        _ = Task.Run(AcceptAsync);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int Cuts => _cuts;

    public void Dispose() => _listener.Stop();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync();
                int forth = Budget(), back = Budget();
                _ = Task.Run(() => PassAsync(client, forth, back));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    // Mostly within an association's first kilobytes, where all its messages are.
    private int Budget()
    {
        lock (_random) return _random.Next(3) == 0 ? int.MaxValue : _random.Next(1, 30_000);
    }

    private async Task PassAsync(TcpClient client, int forth, int back)
    {
        using (client)
        {
            using var server = new TcpClient();
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _target);
                await Task.WhenAny(CopyAsync(client.GetStream(), server.GetStream(), forth),
                    CopyAsync(server.GetStream(), client.GetStream(), back));
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                // One of the two has gone.
            }
        }
    }

    private async Task CopyAsync(NetworkStream source, NetworkStream target, int budget)
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (await source.ReadAsync(buffer) is > 0 and var read)
            {
                await target.WriteAsync(buffer.AsMemory(0, Math.Min(read, budget)));
                if ((budget -= read) > 0) continue;
                Interlocked.Increment(ref _cuts);
                return;
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // One of the two has gone.
        }
    }
}
