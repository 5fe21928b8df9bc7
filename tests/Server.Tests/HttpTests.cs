using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using LungSeg.Cli.Tests;
using LungSeg.Server.Http;
using LungSeg.Server.Spooling;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LungSeg.Server.Tests;

/// <summary>The HTTP API as callers meet it.</summary>
public sealed class HttpTests : IAsyncLifetime
{
    private const string Token = "a-token-of-some-length";
    private readonly TemporaryDirectory _directory = new();
    private TestService _service = null!;

    public async ValueTask InitializeAsync() => _service = await TestService.StartAsync(_directory, request =>
        request with { Dicom = null, ImageMegabytes = 1 });

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        _directory.Dispose();
    }

    [Theory]
    [InlineData(null, "application/json", "{")]
    [InlineData("image/png", "image/png", "\u0089PNG")]
    [InlineData("image/png;content=overlay", "image/png", "\u0089PNG")]
    [InlineData("application/dicom", "application/dicom", "\0\0\0\0")]
    [InlineData("application/dicom; content=\"sr\"", "application/dicom", "\0\0\0\0")]
    [InlineData("application/x-npy", "application/x-npy", "\u0093NUMPY")]
    [InlineData("text/html, image/*;q=0.5, application/json;q=0.9", "application/json", "{")]
    [InlineData("*/*", "application/json", "{")]
    public async Task Accept_picks_the_result(string? accept, string type, string start)
    {
        using HttpResponseMessage response = await _service.PostAsync("v1/segment", Samples.Dicom(), "application/dicom", accept);
        byte[] body = await response.Content.ReadAsByteArrayAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, Encoding.UTF8.GetString(body));
        Assert.Equal(type, response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(body.Length, response.Content.Headers.ContentLength);
        Assert.Equal(start, Encoding.Latin1.GetString(body, 0, start.Length));
    }

    [Fact]
    public async Task Forms_thresholds_and_chunks_are_taken()
    {
        using var form = new MultipartFormDataContent { { new StringContent("x"), "comment" },
            { new ByteArrayContent(Samples.Png), "file", "chest.png" } };
        using HttpResponseMessage posted = await _service.Client.PostAsync("v1/segment?threshold=0.999", form);
        JsonElement strict = JsonDocument.Parse(await posted.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal(0.999, strict.GetProperty("method").GetProperty("threshold").GetDouble(), 6);
        var request = new HttpRequestMessage(HttpMethod.Post, "v1/segment") { Content = new StreamContent(new MemoryStream(Samples.Png)) };
        request.Headers.TransferEncodingChunked = true;
        request.Headers.ExpectContinue = true;
        using HttpResponseMessage chunked = await _service.Client.SendAsync(request);
        JsonElement usual = JsonDocument.Parse(await chunked.Content.ReadAsStringAsync()).RootElement;
        Assert.True(strict.GetProperty("lungs").GetProperty("area_px").GetInt32() < usual.GetProperty("lungs").GetProperty("area_px")
            .GetInt32());
    }

    [Theory]
    [InlineData("v1/segment?format=sge", HttpStatusCode.BadRequest, "expected one of")]
    [InlineData("v1/segment?threshold=2", HttpStatusCode.BadRequest, "from 0 to 1")]
    [InlineData("v1/jobs?format=json,", HttpStatusCode.BadRequest, "expected one of")]
    [InlineData("v1/segmentation", HttpStatusCode.NotFound, "nothing at this address")]
    [InlineData("dicomweb/studies", HttpStatusCode.UnsupportedMediaType, "multipart/related")]
    public async Task Wrong_requests_are_problems(string path, HttpStatusCode status, string words)
    {
        using HttpResponseMessage response = await _service.PostAsync(path, Samples.Png);
        string body = await response.Content.ReadAsStringAsync();
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        JsonElement problem = JsonDocument.Parse(body).RootElement;
        Assert.Equal((int)status, problem.GetProperty("status").GetInt32());
        Assert.Contains(words, problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task What_is_too_large_or_empty_or_not_acceptable_is_refused_and_leaves_nothing()
    {
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await _service.PostAsync("v1/segment", new byte[2 << 20])).StatusCode);
        var chunked = new HttpRequestMessage(HttpMethod.Post, "v1/segment")
        { Content = new StreamContent(new MemoryStream(new byte[3 << 20])) };
        chunked.Headers.TransferEncodingChunked = true;
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await _service.Client.SendAsync(chunked)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await _service.PostAsync("v1/segment", [])).StatusCode);
        Assert.Equal(HttpStatusCode.NotAcceptable, (await _service.PostAsync("v1/segment", Samples.Png, accept: "text/html")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest,
            (await _service.PostAsync("v1/segment", [1], "multipart/form-data; boundary=x")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await _service.PostAsync("v1/segment", [1], "multipart/form-data")).StatusCode);
        Assert.Equal(0, _service.Running.Spool.Bytes);
        Assert.Empty(_service.Running.Spool.Items);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_directory["spool/incoming"]));
    }

    [Fact]
    public async Task Jobs_are_accepted_done_and_removed_and_the_same_image_is_the_same_job()
    {
        using HttpResponseMessage posted = await _service.PostAsync("v1/jobs?format=json,mask,map,image", Samples.Png);
        Assert.Equal(HttpStatusCode.Accepted, posted.StatusCode);
        string location = posted.Headers.Location!.ToString();
        Assert.Equal(location, (await _service.PostAsync("v1/jobs?format=json,mask,map,image", Samples.Png)).Headers.Location!.ToString());
        await _service.UntilDone();
        JsonElement job = await ServiceTests.Json(_service, location);
        Assert.Equal("done", job.GetProperty("status").GetString());
        foreach (JsonProperty result in job.GetProperty("results").EnumerateObject())
            Assert.NotEmpty(await _service.Client.GetByteArrayAsync(result.Value.GetString()));
        Assert.Equal(4, job.GetProperty("results").EnumerateObject().Count());
        // The image itself is gone.
        Assert.False(File.Exists(Assert.Single(_service.Running.Spool.Items).Input));
        Assert.Equal(HttpStatusCode.NotFound, (await _service.Client.GetAsync($"{location}/results/seg")).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await _service.Client.DeleteAsync(location)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _service.Client.GetAsync(location)).StatusCode);
        Assert.Equal(0, _service.Running.Spool.Bytes);
    }

    [Theory]
    [InlineData("multipart/related; type=\"application/dicom\"; boundary=\"b b\"", "b b")]
    [InlineData("multipart/related; type=application/dicom; boundary=bb", "bb")]
    public async Task Stow_takes_images_and_says_of_each_what_became_of_it(string type, string boundary)
    {
        byte[][] files = [Samples.Dicom(1), Samples.Dicom(2, film => film.Text(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2")),
            Encoding.ASCII.GetBytes("none")];
        using HttpResponseMessage some = await _service.PostAsync("dicomweb/studies", Multipart(boundary, files), type);
        Assert.Equal(HttpStatusCode.Accepted, some.StatusCode);
        Assert.Equal("application/dicom+json", some.Content.Headers.ContentType!.MediaType);
        JsonElement answer = JsonDocument.Parse(await some.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal(Samples.Uid(1), Assert.Single(Values(answer, "00081199")).GetProperty("00081155").GetProperty("Value")[0].GetString());
        Assert.Equal([0x0122, 0xC000], Values(answer, "00081198")
            .Select(item => item.GetProperty("00081197").GetProperty("Value")[0].GetInt32()));
        Assert.Equal(HttpStatusCode.OK,
            (await _service.PostAsync("dicomweb/studies/1.2.3", Multipart(boundary, files[0]), type)).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict,
            (await _service.PostAsync("dicomweb/studies/1.2.4", Multipart(boundary, files[0]), type)).StatusCode);
        await _service.UntilDone();
        Assert.Contains($"out/{Samples.Uid(1)}.seg.dcm", _directory.Files);

        static IEnumerable<JsonElement> Values(JsonElement answer, string tag) =>
            answer.GetProperty(tag).GetProperty("Value").EnumerateArray();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Where_there_is_no_room_callers_are_told_to_come_again(bool memory)
    {
        Func<string?>? pressure = _service.Running.Spool.Pressure;
        if (memory) _service.Running.Spool.Pressure = new MemoryPressure(1).Reached;
        else _service.Running.Spool.Draining = true;
        foreach (string path in (string[])["v1/segment", "v1/jobs"])
        {
            using HttpResponseMessage full = await _service.PostAsync(path, Samples.Png);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, full.StatusCode);
            Assert.NotNull(full.Headers.RetryAfter);
        }
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await ServiceTests.Stow(_service, Samples.Dicom())).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await _service.Client.GetAsync("health/ready")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _service.Client.GetAsync("health/live")).StatusCode);
        _service.Running.Spool.Draining = false;
        _service.Running.Spool.Pressure = pressure;
        Assert.Equal(HttpStatusCode.OK, (await _service.Client.GetAsync("health/ready")).StatusCode);
    }

    [Fact]
    public async Task For_a_fault_of_the_machine_the_image_is_not_blamed()
    {
        Spool spool = _service.Running.Spool;
        Action<Item> ready = spool.Ready!;
        spool.Ready = item =>
        {
            // Results cannot be written where a file has their folder's name.
            File.WriteAllText(item.Results, "");
            ready(item);
        };
        using HttpResponseMessage failed = await _service.PostAsync("v1/segment", Samples.Png);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, failed.StatusCode);
        Assert.NotNull(failed.Headers.RetryAfter);
        spool.Ready = ready;
        Assert.Equal(HttpStatusCode.OK, (await _service.PostAsync("v1/segment", Samples.Png)).StatusCode);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await _service.PostAsync("v1/segment", "no image"u8.ToArray())).StatusCode);
    }

    [Fact]
    public async Task Pages_of_other_sites_and_other_names_of_this_machine_are_refused()
    {
        Assert.Equal(HttpStatusCode.Forbidden, await Ask(request => request.Headers.Host = "evil.example"));
        Assert.Equal(HttpStatusCode.Forbidden, await Ask(request => request.Headers.Add("Origin", "http://evil.example")));
        Assert.Equal(HttpStatusCode.Forbidden, await Ask(request => request.Headers.Add("Origin", "null")));
        Assert.Equal(HttpStatusCode.OK,
            await Ask(request => request.Headers.Add("Origin", $"http://127.0.0.1:{_service.Running.HttpPort}")));

        async Task<HttpStatusCode> Ask(Action<HttpRequestMessage> change)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, "metrics");
            change(request);
            return (await _service.Client.SendAsync(request)).StatusCode;
        }
    }

    [Fact]
    public async Task A_token_is_asked_for_and_rates_are_limited()
    {
        string file = _directory.Write("token", Encoding.ASCII.GetBytes($"{Token}\n"));
        await using TestService service = await TestService.StartAsync(_directory, request =>
            request with { Dicom = null, TokenFile = file, Rate = 5, Spool = _directory["other"] });
        Assert.Equal(HttpStatusCode.Unauthorized, (await service.PostAsync("v1/segment", Samples.Png)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await service.Client.GetAsync("health/ready")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await service.Client.GetAsync("openapi.json")).StatusCode);
        service.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "another-token-of-length");
        Assert.Equal(HttpStatusCode.Unauthorized, (await service.Client.GetAsync("metrics")).StatusCode);
        service.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        Assert.Equal(HttpStatusCode.OK, (await service.PostAsync("v1/segment", Samples.Png)).StatusCode);
        List<HttpStatusCode> statuses = [];
        for (int i = 0; i < 30; i++) statuses.Add((await service.Client.GetAsync("health/live")).StatusCode);
        Assert.Contains(HttpStatusCode.TooManyRequests, statuses);
    }

    [Fact]
    public async Task Metrics_count()
    {
        await _service.PostAsync("v1/segment", Samples.Png);
        string text = await _service.Client.GetStringAsync("metrics");
        Assert.Contains("lungseg_accepted_total{door=\"http\"}", text);
        Assert.Matches(@"lungseg_duration_seconds_count [1-9]", text);
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != '#'))
            Assert.True(double.TryParse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture, out _), line);
    }

    [Fact]
    public void The_OpenAPI_document_has_every_route_and_no_other()
    {
        using ServiceProvider services = new ServiceCollection().BuildServiceProvider();
        using Spool spool = Spool.Open(_directory["another"], new SpoolLimits(1, 1, 1, TimeSpan.Zero), Log.None);
        IEndpointRouteBuilder routes = new Routes(services);
        new Api(spool, () => 0).Map(routes);
        new Stow(spool).Map(routes);
        string[] mapped = [.. routes.DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Select(route => $"{route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods[0].ToLowerInvariant()} "
            + $"{route.RoutePattern.RawText}").Order(StringComparer.Ordinal)];
        JsonElement document = JsonDocument.Parse(Resource.Bytes("openapi.json")).RootElement;
        string[] written = [.. document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(method => $"{method.Name} {path.Name}")).Order(StringComparer.Ordinal)];
        Assert.Equal(mapped, written);
    }

    [Fact]
    public void A_caller_who_sends_half_of_an_image_leaves_nothing()
    {
        using (var client = new TcpClient("127.0.0.1", _service.Running.HttpPort))
        {
            client.GetStream().Write(Encoding.ASCII.GetBytes("POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
                + "1000\r\n\r\nhalf"));
            Thread.Sleep(200);
        }
        for (int i = 0; i < 100 && Directory.EnumerateFileSystemEntries(_directory["spool/incoming"]).Any(); i++) Thread.Sleep(50);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_directory["spool/incoming"]));
        Assert.Empty(_service.Running.Spool.Items);
    }

    private static byte[] Multipart(string boundary, params ReadOnlySpan<byte[]> files)
    {
        using var body = new MemoryStream();
        foreach (byte[] file in files)
            body.Write([.. Encoding.ASCII.GetBytes($"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n"), .. file, 13, 10]);
        body.Write(Encoding.ASCII.GetBytes($"--{boundary}--\r\n"));
        return body.ToArray();
    }

    private sealed class Routes(IServiceProvider services) : IEndpointRouteBuilder
    {
        public IServiceProvider ServiceProvider => services;

        public ICollection<EndpointDataSource> DataSources { get; } = [];

        public IApplicationBuilder CreateApplicationBuilder() => new ApplicationBuilder(services);
    }
}
