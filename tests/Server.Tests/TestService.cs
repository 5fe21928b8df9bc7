using LungSeg.Cli.Commands;
using LungSeg.Cli.Tests;
using LungSeg.Imaging.Tests.Dicom;
using LungSeg.Server.Spooling;

namespace LungSeg.Server.Tests;

/// <summary>A service in this process, with a spool of its own that outlives it where a test starts another on it.</summary>
internal sealed class TestService : IAsyncDisposable
{
    /// <summary>Waits that a test has time for.</summary>
    public static readonly RetryPolicy Quick = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(400), 40);

    private readonly StringWriter _events = new(), _audit = new();

    private TestService(Service service, StringWriter events, StringWriter audit)
    {
        (Running, _events, _audit) = (service, events, audit);
        Client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{(service.HttpPort == 0 ? 1 : service.HttpPort)}/") };
    }

    public Service Running { get; }

    public HttpClient Client { get; }

    public string Events => Read(_events);

    public string Audit => Read(_audit);

    public int DicomPort => Running.DicomPort;

    public static async Task<TestService> StartAsync(TemporaryDirectory directory, Func<ServeRequest, ServeRequest>? change = null,
        RetryPolicy? retries = null)
    {
        var request = new ServeRequest
        {
            Http = "127.0.0.1:0",
            Dicom = "127.0.0.1:0",
            Out = directory["out"],
            Spool = directory["spool"],
            Formats = "mask,seg",
            Threads = 1,
        };
        request = change?.Invoke(request) ?? request;
        var events = new StringWriter();
        var audit = new StringWriter();
        Service service = await Service.StartAsync(request, ServiceSettings.Of(request), TextWriter.Null, retries
            ?? Quick, new Log(TextWriter.Synchronized(events), TextWriter.Synchronized(audit)));
        return new TestService(service, events, audit);
    }

    public Task<HttpResponseMessage> PostAsync(string path, byte[] body, string type = "application/octet-stream", string? accept = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        if (accept is not null) request.Headers.TryAddWithoutValidation("Accept", accept);
        return Client.SendAsync(request);
    }

    /// <summary>Waits until something holds.</summary>
    public static async Task Until(Func<bool> holds, string what, int seconds = 60)
    {
        for (DateTime end = DateTime.UtcNow.AddSeconds(seconds); !holds(); await Task.Delay(20)) Assert.True(DateTime.UtcNow < end,
            $"in vain: {what}");
    }

    public Task UntilDone(int count = 1) => Until(() => Running.Spool.Items.Count(item => item.Status == ItemStatus.Done) >= count,
        $"{count} done of {Running.Spool.Items.Count}; {Events}");

    public Task UntilParked(int count = 1) =>
        Until(() => Running.Spool.Items.Count(item => item.Status == ItemStatus.Parked) >= count, $"{count} parked; {Events}");

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Running.DisposeAsync();
    }

    private static string Read(StringWriter writer)
    {
        lock (writer) return writer.ToString();
    }
}

/// <summary>Images that tests send.</summary>
internal static class Samples
{
    public static byte[] Png { get; } = File.ReadAllBytes(Repository.Sample);

    /// <summary>A drawn film as DICOM; each number is another image with identifiers of its own.</summary>
    public static byte[] Dicom(int number = 1, Action<DicomBuilder>? change = null) => Films.Draw(96, 112, change: builder =>
    {
        builder.Text(0x00080018, "UI", Uid(number)).Text(0x00100010, "PN", $"Secret^Name{number}");
        change?.Invoke(builder);
    }).File;

    public static string Uid(int number) => $"1.2.3.4.{number}";
}
