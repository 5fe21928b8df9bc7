using System.Net;
using System.Net.Sockets;
using System.Text;
using LungSeg.Cli.Tests;
using LungSeg.Models;
using LungSeg.Server.Dicom;
using LungSeg.Server.Spooling;
using LungSeg.Server.Tests.Dicom;
using LungSeg.Tests.Fuzzing;

namespace LungSeg.Server.Tests;

/// <summary>
/// Associations and HTTP requests with bytes changed, left out, put in and cut off: each ends, none ends the service, and nothing of it is
/// left. LUNGSEG_SERVER_FUZZ_CASES sets another number of cases.
/// </summary>
public sealed class FuzzTests : IDisposable
{
    private static readonly int Cases = int.Parse(Environment.GetEnvironmentVariable("LUNGSEG_SERVER_FUZZ_CASES") ?? "200");
    private static readonly AssociationLimits Limits = AssociationLimits.Default with
    {
        Message =
        TimeSpan.FromSeconds(5),
        Idle = TimeSpan.FromSeconds(5)
    };
    // Requests that were cut short are waited for, each by one of so many peers.
    private const int Round = 250, Peers = 50, OneService = 20_000;
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Associations()
    {
        var events = new StringWriter();
        var log = new Log(events, TextWriter.Null);
        using Spool spool = Spool.Open(_directory["spool"], new SpoolLimits(1 << 26, 1000, 1 << 20, TimeSpan.FromHours(1)), log);
        using var commitments = new Commitments(spool, [], new CallerOptions("LUNGSEG", Limits, null), TestService.Quick, log);
        var options = new NodeOptions { AeTitle = "LUNGSEG", Commits = true, Limits = Limits };
        byte[] good = Association();
        var random = new Random(20261130);
        int answers = 0, accepted = 0;
        for (int number = 0; number < Cases; number++)
        {
            byte[] bytes = number == 0 ? good : Mutate(good, random);
            using var wire = new Wire(bytes);
            using var pdus = new PduStream(wire, Limits);
            Task serving = new AcceptedAssociation(pdus, options, spool, commitments, log).ServeAsync(IPAddress.Loopback, null, default);
            try
            {
                await serving.WaitAsync(TimeSpan.FromSeconds(20));
            }
            catch (IOException)
            {
                // The peer went within a message.
            }
            catch (Exception e)
            {
                Assert.Fail($"case {number}: {e}\n{Convert.ToHexString(bytes.AsSpan(0, Math.Min(bytes.Length, 600)))}");
            }
            answers += wire.Written > 0 ? 1 : 0;
            accepted += spool.Items.Count;
            foreach (Item item in spool.Items) spool.Remove(item);
            Assert.Equal(0, spool.Bytes);
        }
        Assert.True(SpoolIsEmpty());
        // Most cases get far enough to test something.
        Assert.True(answers > Cases / 3 && accepted > Cases / 20, $"{answers} answered, {accepted} accepted of {Cases}");
        Assert.DoesNotContain("fault of the program", events.ToString());
        TestContext.Current.SendDiagnosticMessage($"{Cases} associations: {answers} answered, {accepted} images accepted");
    }

    [Fact]
    public async Task Http_requests()
    {
        await using TestService service = await TestService.StartAsync(_directory, request =>
            request with { Dicom = null, Rate = 100_000 });
        byte[][] good = [Post("/v1/segment?format=mask&threshold=0.5", "image/png"), Post("/v1/jobs?format=json", "application/dicom"),
            Stow(), Form(), Encoding.ASCII.GetBytes("GET /v1/jobs/x HTTP/1.1\r\nHost: localhost\r\n\r\n")];
        var random = new Random(20261130);
        int before = 0, answers = 0, round = Math.Min(Round, (Cases + 3) / 4);
        for (int number = 0; number < Cases; number += round)
        {
            if (before == 0 && number >= Cases / 2) before = Handles();
            byte[][] requests = [.. Enumerable.Range(number, Math.Min(round, Cases - number))
                .Select(i => Mutate(good[i % good.Length], random))];
            await Parallel.ForEachAsync(requests, new ParallelOptions { MaxDegreeOfParallelism = Peers }, async (bytes, _) =>
            {
                if (await AskAsync(service.Running.HttpPort, bytes)) Interlocked.Increment(ref answers);
            });
            foreach (Item item in service.Running.Spool.Items.Where(item => item.Status is ItemStatus.Done or ItemStatus.Parked))
                service.Running.Spool.Remove(item);
        }
        Assert.Equal(HttpStatusCode.OK, (await service.Client.GetAsync("health/live")).StatusCode);
        Assert.True(answers > Cases / 3, $"{answers} answers");
        await TestService.Until(() => service.Running.Spool.Items.All(item => item.Status is ItemStatus.Done or ItemStatus.Parked),
            $"nothing is left to do; {service.Events}");
        foreach (Item item in service.Running.Spool.Items) service.Running.Spool.Remove(item);
        await TestService.Until(() => service.Running.Spool.Bytes == 0 && SpoolIsEmpty(),
            $"nothing is left in the spool: {service.Running.Spool.Bytes} bytes; {string.Join(' ', _directory.Files)}");
        await TestService.Until(() => Handles() < before + 60, $"handles: {before} half-way, {Handles()} now");
        Assert.DoesNotContain("fault of the program", service.Events);
        TestContext.Current.SendDiagnosticMessage($"{Cases} HTTP requests: {answers} answered; handles {before} half-way, {Handles()} "
            + "at the end");
    }

    // The requests are whole, the images in them are not: each is answered, as an image or as one that cannot be read.
    [Fact]
    public async Task Damaged_images()
    {
        string weights = _directory["small.safetensors"];
        SmallNetwork.Write(weights);
        var damaged = new DamagedImages(Repository.PathOf("tests", "data"));
        int found = 0, refused = 0;
        List<long> resident = [];
        // A service keeps no log, but this test keeps the service's: it starts another one now and then.
        for (int first = 0; first < Cases; first += OneService)
        {
            await using TestService service = await TestService.StartAsync(_directory, request => request with
            {
                Dicom = null,
                Rate = 100_000,
                Segmenter = new LungSegmenterOptions { WeightsFile = weights, NetworkSize = SmallNetwork.Side },
            });
            int end = Math.Min(Cases, first + OneService);
            await Parallel.ForAsync(first, end, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (number, stop) =>
            {
                using HttpResponseMessage response = await service.PostAsync("v1/segment?format=mask", damaged[number]);
                string body = response.IsSuccessStatusCode ? "" : await response.Content.ReadAsStringAsync(stop);
                Assert.True((int)response.StatusCode is 200 or (>= 400 and < 500), $"case {number}: {response.StatusCode} {body}");
                _ = response.IsSuccessStatusCode ? Interlocked.Increment(ref found) : Interlocked.Increment(ref refused);
            });
            await TestService.Until(() => service.Running.Spool.Bytes == 0 && SpoolIsEmpty(), "nothing is left in the spool");
            Assert.DoesNotContain("fault of the program", service.Events);
            resident.Add(Environment.WorkingSet >> 20);
            // Each hundredth is told, for who ends a long run by hand.
            if (100L * end / Cases > 100L * first / Cases)
            {
                TestContext.Current.SendDiagnosticMessage($"{end} damaged images: {found} segmented, {refused} refused; resident "
                    + $"{resident[0]} MiB after {OneService}, {resident[^1]} MiB now, {resident.Max()} MiB at most");
            }
        }
        Assert.True(found > Cases / 50 && refused > Cases / 4, $"{found} found, {refused} refused of {Cases}");
    }

    private bool SpoolIsEmpty() => ((string[])["incoming", "items", "direct"])
        .All(place => !Directory.EnumerateFileSystemEntries(_directory[$"spool/{place}"]).Any());

    private static int Handles() => OperatingSystem.IsLinux() ? Directory.GetFiles("/proc/self/fd").Length : 0;

    private static async Task<bool> AskAsync(int port, byte[] bytes)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        NetworkStream stream = client.GetStream();
        try
        {
            await stream.WriteAsync(bytes);
            // A request that was cut short is waited for by the service, too.
            using var timer = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            return await stream.ReadAsync(new byte[64], timer.Token) > 0;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return false;
        }
    }

    private static byte[] Post(string path, string type) => Request(path, type, Samples.Dicom());

    private static byte[] Stow() => Request("/dicomweb/studies", "multipart/related; type=\"application/dicom\"; boundary=b",
        [.. "--b\r\nContent-Type: application/dicom\r\n\r\n"u8, .. Samples.Dicom(), .. "\r\n--b--\r\n"u8]);

    private static byte[] Form() => Request("/v1/segment", "multipart/form-data; boundary=b",
        [.. "--b\r\nContent-Disposition: form-data; name=file; filename=x\r\n\r\n"u8, .. Samples.Dicom(), .. "\r\n--b--\r\n"u8]);

    private static byte[] Request(string path, string type, byte[] body) =>
        [.. Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {type}\r\nContent-Length: "
        + $"{body.Length}\r\n\r\n"), .. body];

    /// <summary>An association with all that a peer may send.</summary>
    private static byte[] Association()
    {
        var stream = new MemoryStream();
        using var pdus = new PduStream(stream, Limits) { PeerMaximum = 4096 };
        pdus.WriteAsync(PduType.AssociateRequest, (RawPeer.Request with { Roles = [new RoleSelection(Uids.Commitment, false, true)] })
            .ToBytes()).Wait();
        pdus.WriteMessageAsync(1, RawPeer.Echo(1), null).Wait();
        pdus.WriteMessageAsync(3, RawPeer.Store(Samples.Uid(1)).ToBytes(), new MemoryStream(RawPeer.DataSet(Samples.Dicom()))).Wait();
        var report = new CommitmentReport("1.2.7", "", [new("1.2.840.10008.5.1.4.1.1.1.1", Samples.Uid(1), 0), new("1.2", "1.3", 0x0110)]);
        CommandSet action = CommandSet.Request(CommandField.Action, 3, hasDataSet: true).Set(CommandSet.RequestedClass, Uids.Commitment)
            .Set(CommandSet.RequestedInstance, Uids.CommitmentInstance).Set(CommandSet.ActionType, 1);
        pdus.WriteMessageAsync(5, action.ToBytes(), new MemoryStream(report.ToBytes(false))).Wait();
        pdus.WriteMessageAsync(5, report.Command(4).ToBytes(), new MemoryStream(report.ToBytes(false))).Wait();
        pdus.WriteAsync(PduType.ReleaseRequest, new byte[4]).Wait();
        return stream.ToArray();
    }

    private static byte[] Mutate(byte[] good, Random random)
    {
        List<byte> bytes = [.. good];
        for (int change = random.Next(1, 5); change > 0; change--)
        {
            // Mostly where headers are.
            int at = random.Next(random.Next(2) == 0 ? Math.Min(700, bytes.Count) : bytes.Count);
            switch (random.Next(6))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: bytes.RemoveRange(at, Math.Min(random.Next(1, 9), bytes.Count - at)); break;
                case 3: bytes.InsertRange(at, new byte[random.Next(1, 9)]); break;
                case 4: bytes[at] = random.Next(2) == 0 ? (byte)0 : (byte)255; break;
                default: if (random.Next(4) == 0) bytes.RemoveRange(at, bytes.Count - at); break;
            }
            if (bytes.Count == 0) bytes.Add(1);
        }
        return [.. bytes];
    }

    /// <summary>A connection whose peer has sent all it will, and reads what comes.</summary>
    private sealed class Wire(byte[] input) : Stream
    {
        private readonly MemoryStream _input = new(input);

        public long Written { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => _input.Read(buffer, offset, count);

        public override void Write(byte[] buffer, int offset, int count) => Written += count;

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
