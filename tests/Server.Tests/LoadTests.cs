using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using LungSeg.Cli.Tests;
using LungSeg.Imaging.Tests.Dicom;
using LungSeg.Server.Dicom;
using LungSeg.Server.Tests.Dicom;

namespace LungSeg.Server.Tests;

/// <summary>
/// How many images a second come through, beside <c>segment</c> on the same folder, in turns; latency at half of that load; memory over
/// many images. By hand: tests/long.sh server-load. LUNGSEG_SERVER_IMAGES sets the number of images for memory.
/// </summary>
public sealed partial class LoadTests : IDisposable
{
    private const int Images = 40, Rounds = 3;
    private static readonly int Many = int.Parse(Environment.GetEnvironmentVariable("LUNGSEG_SERVER_IMAGES") ?? "5000");
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact(Explicit = true)]
    public async Task Throughput_beside_segment_and_latency_at_half_load()
    {
        Directory.CreateDirectory(_directory["in"]);
        for (int i = 0; i < Images; i++) _directory.Write($"in/{i}.dcm", Film(i));
        List<double> segment = [], dicom = [], http = [];
        for (int round = 0; round < Rounds; round++)
        {
            segment.Add(Segment());
            using var server = await Start();
            dicom.Add(await ByDicom(server, round));
            http.Add(await ByHttp(server));
            Assert.Equal(0, server.Terminate());
            Directory.Delete(_directory["spool"], recursive: true);
        }
        (double s, double d, double h) = (Median(segment), Median(dicom), Median(http));
        using var last = await Start();
        double[] latencies = await HalfLoad(last, h / 2);
        Say($"{Images} films of 1024 x 1024, DICOM, medians of {Rounds} rounds in turns, {Environment.ProcessorCount} processors: "
            + $"segment {s:0.00}, DICOM {d:0.00} ({d / s:0.00}), HTTP {h:0.00} ({h / s:0.00}) images/s");
        Say($"latency at half load ({h / 2:0.00} images/s, {latencies.Length} images): p50 {At(latencies, 0.5):0} ms, p95 "
            + $"{At(latencies, 0.95):0} ms, p99 {At(latencies, 0.99):0} ms");
    }

    [Fact(Explicit = true)]
    public async Task Memory_is_flat_over_many_images_and_associations()
    {
        using var server = await Start();
        List<long> memory = [];
        for (int number = 1; number <= Many; number++)
        {
            using (var peer = new RawPeer(server.DicomPort))
            {
                peer.Associate();
                if (peer.SendImage(RawPeer.Store(Samples.Uid(number)), RawPeer.DataSet(Samples.Dicom(number)))
                    .Number(CommandSet.StatusElement) != Status.Success)
                {
                    number--;
                }
                peer.Release();
            }
            if (number % (Many / 10) == 0) memory.Add(Resident(server));
            while (number - Done(server) > 8) await Task.Delay(20);
        }
        for (int i = 0; i < 10_000; i++)
        {
            using var peer = new RawPeer(server.DicomPort);
            peer.Associate();
            peer.Release();
        }
        long after = Resident(server);
        Say($"resident memory over {Many} images: {string.Join(", ", memory.Select(bytes => $"{bytes >> 20}"))} MiB; after 10,000 "
            + $"associations {after >> 20} MiB");
        Assert.True(memory[^1] < memory[1] * 1.3 && after < memory[1] * 1.3);
    }

    private Task<ServerProcess> Start() => Started(ServerProcess.Start(_directory, "--dicom", "127.0.0.1:0", "--out", _directory["out"],
        "--format", "mask,seg", "--rate", "100000"));

    private static async Task<ServerProcess> Started(ServerProcess server)
    {
        await server.UntilListening();
        return server;
    }

    private static byte[] Film(int number) => Films.Draw(1024, 1024, change: builder =>
        builder.Text(0x00080018, "UI", Samples.Uid(number))).File;

    private double Segment()
    {
        string[] arguments = ["exec", Path.Combine(AppContext.BaseDirectory, "lungseg.dll"), "segment", _directory["in"], "-o",
            _directory["segmented"], "--format", "mask,seg", "--quiet"];
        long start = Stopwatch.GetTimestamp();
        using (Process process = Process.Start("dotnet", arguments)) process.WaitForExit();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Directory.Delete(_directory["segmented"], recursive: true);
        return Images / seconds;
    }

    private async Task<double> ByDicom(ServerProcess server, int round)
    {
        int before = Done(server);
        long start = Stopwatch.GetTimestamp();
        using (var peer = new RawPeer(server.DicomPort))
        {
            peer.Associate();
            for (int i = 0; i < Images; i++) Assert.Equal(Status.Success, peer.SendImage(RawPeer.Store(Samples.Uid(i)),
                RawPeer.DataSet(File.ReadAllBytes(_directory[$"in/{i}.dcm"]))).Number(CommandSet.StatusElement));
            peer.Release();
        }
        await TestService.Until(() => Done(server) - before >= Images, $"round {round}", 600);
        return Images / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private async Task<double> ByHttp(ServerProcess server)
    {
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{server.HttpPort}/") };
        long start = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(Enumerable.Range(0, Images), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, stop) =>
        {
            using HttpResponseMessage response = await client.PostAsync("v1/segment?format=mask",
                new ByteArrayContent(await File.ReadAllBytesAsync(_directory[$"in/{i}.dcm"], stop)), stop);
            Assert.True(response.IsSuccessStatusCode);
        });
        return Images / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private async Task<double[]> HalfLoad(ServerProcess server, double rate)
    {
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{server.HttpPort}/") };
        var all = new List<Task<double>>();
        var random = new Random(1);
        for (int i = 0; i < 200; i++)
        {
            byte[] film = File.ReadAllBytes(_directory[$"in/{i % Images}.dcm"]);
            all.Add(Task.Run(async () =>
            {
                long start = Stopwatch.GetTimestamp();
                using HttpResponseMessage response = await client.PostAsync("v1/segment?format=mask", new ByteArrayContent(film));
                Assert.True(response.IsSuccessStatusCode);
                return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            }));
            // They come as patients do: independent of each other.
            await Task.Delay(TimeSpan.FromSeconds(-Math.Log(1 - random.NextDouble()) / rate));
        }
        double[] latencies = await Task.WhenAll(all);
        Array.Sort(latencies);
        return latencies;
    }

    private static int Done(ServerProcess server) => Outcome().Count(server.Audit);

    private static long Resident(ServerProcess server) =>
        long.Parse(Regex.Match(File.ReadAllText($"/proc/{server.Id}/status"), @"VmRSS:\s+(\d+)").Groups[1].Value,
        CultureInfo.InvariantCulture) << 10;

    private static double Median(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static double At(double[] sorted, double share) => sorted[Math.Min(sorted.Length - 1, (int)(share * sorted.Length))];

    private static void Say(string text) => TestContext.Current.SendDiagnosticMessage(text);

    [GeneratedRegex("outcome=done")]
    private static partial Regex Outcome();
}
