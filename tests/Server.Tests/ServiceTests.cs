using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using LungSeg.Cli;
using LungSeg.Cli.Commands;
using LungSeg.Cli.Tests;
using LungSeg.Imaging;
using LungSeg.Models;
using LungSeg.Server.Spooling;

namespace LungSeg.Server.Tests;

/// <summary>The service from acceptance to delivery, in this process.</summary>
public sealed class ServiceTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Results_are_the_bytes_that_segment_writes()
    {
        await using TestService service = await TestService.StartAsync(_directory);
        byte[] mask = await (await service.PostAsync("v1/segment?format=mask", Samples.Png)).Content.ReadAsByteArrayAsync();
        using LungSegmenter segmenter = LungSegmenter.Load(new LungSegmenterOptions { Threads = 1 });
        LungSegmentation result = segmenter.Segment(Repository.Sample);
        ImageWriter.WritePng(_directory["expected.png"], result.Mask);
        Assert.Equal(File.ReadAllBytes(_directory["expected.png"]), mask);

        JsonElement json = JsonDocument.Parse(await (await service.PostAsync("v1/segment", Samples.Png)).Content.ReadAsStringAsync(
            )).RootElement;
        Assert.Equal(result.Mask.Area, json.GetProperty("lungs").GetProperty("area_px").GetInt32());
        Assert.Equal("image", json.GetProperty("image").GetProperty("file").GetString());
        Assert.Empty(service.Running.Spool.Items);
    }

    [Fact]
    public async Task What_was_accepted_before_a_stop_is_done_after_the_next_start()
    {
        using (Spool spool = Spool.Open(_directory["spool"], new SpoolLimits(1 << 30, 100, 1 << 28, TimeSpan.FromHours(1)), Log.None))
        {
            using Incoming incoming = spool.Begin();
            incoming.Write(Samples.Dicom());
            spool.Accept(incoming, sha256 => new Acceptance
            {
                Time = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc),
                Door = Door.Dicom,
                Name = "x",
                Sha256 = sha256,
                Dicom = Spool.Head(Samples.Dicom()),
            });
        }
        await using (TestService service = await TestService.StartAsync(_directory)) await service.UntilDone();
        Assert.Equal(["out/x.mask.png", "out/x.seg.dcm"], _directory.Files.Where(file => file.StartsWith("out", StringComparison.Ordinal)));
        // The time of acceptance, whenever the work was done.
        string expected = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc).ToLocalTime().ToString("yyyyMMdd");
        Assert.Contains(expected, Encoding.Latin1.GetString(File.ReadAllBytes(_directory["out/x.seg.dcm"])));
    }

    [Fact]
    public async Task What_cannot_be_segmented_is_parked_with_the_reason_and_can_be_removed()
    {
        await using TestService service = await TestService.StartAsync(_directory);
        HttpResponseMessage refused = await service.PostAsync("v1/segment", Encoding.ASCII.GetBytes("no image"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
        Assert.Equal("application/problem+json", refused.Content.Headers.ContentType!.MediaType);
        Assert.Contains("not an image", await refused.Content.ReadAsStringAsync());

        string location = (await service.PostAsync("v1/jobs?format=seg", Samples.Png)).Headers.Location!.ToString();
        await service.UntilParked();
        JsonElement job = await Json(service, location);
        Assert.Equal("failed", job.GetProperty("status").GetString());
        Assert.Contains("seg refers to a DICOM image", job.GetProperty("error").GetString());
        JsonElement parked = Assert.Single((await Json(service, "v1/parked")).GetProperty("parked").EnumerateArray());
        string id = parked.GetProperty("id").GetString()!;
        Assert.Equal(HttpStatusCode.Accepted, (await service.Client.PostAsync($"v1/parked/{id}/retry", null)).StatusCode);
        await service.UntilParked();
        Assert.Equal(HttpStatusCode.NoContent, (await service.Client.DeleteAsync($"v1/parked/{id}")).StatusCode);
        Assert.Empty(service.Running.Spool.Items);
        Assert.Contains("outcome=parked", service.Audit);
        Assert.DoesNotContain("Secret", service.Audit + service.Events);
    }

    [Fact]
    public async Task An_image_in_work_when_the_process_ended_three_times_is_parked()
    {
        using (Spool spool = Spool.Open(_directory["spool"], new SpoolLimits(1 << 30, 100, 1 << 28, TimeSpan.FromHours(1)), Log.None))
        {
            using Incoming incoming = spool.Begin();
            incoming.Write(Samples.Dicom());
            Item item = spool.Accept(incoming, sha256 =>
                new Acceptance { Time = DateTime.UtcNow, Door = Door.Dicom, Name = "x", Sha256 = sha256 }).Item;
            for (int i = 0; i < 3; i++) item.Append(new JournalLine { Work = DateTime.UtcNow });
        }
        await using TestService service = await TestService.StartAsync(_directory);
        await service.UntilParked();
        Item suspect = Assert.Single(service.Running.Spool.Items);
        Assert.Contains("3 times", suspect.Error);
        Assert.True(service.Running.Spool.Retry(suspect));
        await service.UntilDone();
    }

    [Fact]
    public async Task A_delivery_that_fails_is_tried_again_with_the_same_bytes_and_parked_at_last()
    {
        File.WriteAllText(_directory["out"], "a file where the directory should be");
        ServeRequest Blocked(ServeRequest request) =>
            request with
            {
                Out = null,
                Rules = _directory.Write("rules.json", Encoding.UTF8.GetBytes(
            """{"destinations":{"o":{"out":"OUT"}},"rules":[{"name":"all","formats":["seg"],"to":["o"]}]}"""
                .Replace("OUT", _directory["out"])))
            };
        await using (TestService service = await TestService.StartAsync(_directory, Blocked, TestService.Quick with { Tries = 4 }))
        {
            await Stow(service, Samples.Dicom());
            await service.UntilParked();
            Assert.Contains("delivery to o failed, try 4", service.Events);
        }
        File.Delete(_directory["out"]);
        await using TestService again = await TestService.StartAsync(_directory, Blocked);
        Item item = Assert.Single(again.Running.Spool.Items);
        byte[] made = File.ReadAllBytes(Path.Combine(item.Results, "result.seg.dcm"));
        Assert.True(again.Running.Spool.Retry(item));
        await again.UntilDone();
        Assert.Equal(made, File.ReadAllBytes(_directory[$"out/{Samples.Uid(1)}.seg.dcm"]));

        // All over again from the same image: the same bytes once more.
        File.Delete(_directory[$"out/{Samples.Uid(1)}.seg.dcm"]);
        await Task.Delay(1100);
        await Stow(again, Samples.Dicom());
        await TestService.Until(() => File.Exists(_directory[$"out/{Samples.Uid(1)}.seg.dcm"]), "delivered again");
        Assert.Equal(made, File.ReadAllBytes(_directory[$"out/{Samples.Uid(1)}.seg.dcm"]));
    }

    [Fact]
    public async Task The_same_identifier_with_other_pixels_gets_results_of_its_own_and_a_warning()
    {
        await using TestService service = await TestService.StartAsync(_directory);
        byte[] other = Samples.Dicom();
        other[^500] ^= 0x40;
        await Stow(service, Samples.Dicom());
        await Stow(service, other);
        // The same pixels again, with another name of the patient.
        await Stow(service, Samples.Dicom(1, film => film.Text(0x00100010, "PN", "Corrected")));
        await service.UntilDone(3);
        Assert.Equal(3, Directory.GetFiles(_directory["out"], "*.seg.dcm").Length);
        Assert.Contains("and other pixels", service.Events);
        Assert.DoesNotContain(Samples.Uid(1), service.Events);
    }

    [Fact]
    public async Task Rules_choose_and_are_taken_up_when_they_change()
    {
        string rules = _directory["rules.json"];
        File.WriteAllText(rules, """
            {
              // Portable images go to the ward.
              "destinations": { "ward": { "out": "WARD" }, "all": { "out": "ALL" } },
              "rules": [
                { "name": "portable", "when": { "view": ["AP"], "station": ["WARD*"] }, "formats": ["mask"], "to": ["ward"] },
                { "name": "lateral", "when": { "view": ["LL", "RL"] } },
                { "name": "rest", "when": { "modality": ["DX"] }, "formats": ["json"], "to": ["all", "ward"] },
              ],
            }
            """.Replace("WARD\" }", _directory["ward"] + "\" }").Replace("\"ALL", "\"" + _directory["all"]));
        await using TestService service = await TestService.StartAsync(_directory, request => request with { Out = null, Rules = rules });
        await Stow(service, Samples.Dicom(1, film => film.Text(0x00185101, "CS", "AP").Text(0x00081010, "SH", "WARD 7")));
        await Stow(service, Samples.Dicom(2, film => film.Text(0x00185101, "CS", "LL")));
        await Stow(service, Samples.Dicom(3, film => film.Text(0x00185101, "CS", "AP")));
        await Stow(service, Samples.Dicom(4, film => film.Text(0x00080060, "CS", "CR")));
        await service.UntilDone(4);
        Assert.Equal([$"all/{Samples.Uid(3)}.json", $"ward/{Samples.Uid(1)}.mask.png", $"ward/{Samples.Uid(3)}.json"], Written());
        Assert.Contains("rule=lateral results=-", service.Audit);
        Assert.Contains("rule=- results=-", service.Audit);

        File.WriteAllText(rules, "{ \"rules\": [ { \"to\": [\"x\"] } ] }");
        await TestService.Until(() => service.Events.Contains("not taken up", StringComparison.Ordinal), "bad rules are told of", 15);
        File.WriteAllText(rules, File.ReadAllText(rules).Replace("{ \"to\": [\"x\"] }", ""));
        await TestService.Until(() =>
            service.Events.Contains("rules taken up: 0 rules", StringComparison.Ordinal), "good rules are taken up", 15);

        IEnumerable<string> Written() => _directory.Files.Where(file =>
            file.StartsWith("all/", StringComparison.Ordinal) || file.StartsWith("ward/", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"rules":[{"formats":["seg"],"to":["pacs"]}]}""", "rule 1", "unknown destination 'pacs'")]
    [InlineData("""{"rules":[{"name":"n","formats":["sge"],"to":["out"]}]}""", "rule 'n'", "unknown format 'sge'")]
    [InlineData("""{"rules":[{"formats":["seg"]}]}""", "both formats and to")]
    [InlineData("""{"rules":[{"when":{"modalities":["DX"]}}]}""", "modalities", "line 1")]
    [InlineData("{\n\"rules\":[\n{", "line 3")]
    [InlineData("""{"destinations":{"a":{"store":"PACS"}}}""", "destination 'a'", "AET@HOST:PORT")]
    [InlineData("""{"destinations":{"a":{"store":"P@h:1","out":"x"}}}""", "exactly one of")]
    [InlineData("""{"destinations":{"a":{"stow":"ftp://x"}}}""", "DICOMweb")]
    [InlineData("""{"destinations":{"a":{"out":"x","commit":true}}}""", "tls and commit")]
    [InlineData("""{"destinations":{"a":{"store":"P@h:1"}},"rules":[{"formats":["mask"],"to":["a"]}]}""", "DICOM objects alone")]
    [InlineData("""{"destinations":{"out":{"out":"x"}}}""", "command line too")]
    public void Bad_rules_are_one_line_and_exit_2(string rules, params string[] words)
    {
        string path = _directory.Write("rules.json", Encoding.UTF8.GetBytes(rules));
        Refused(words, "--rules", path, "--dicom", "0", "--out", _directory["o"]);
    }

    [Theory]
    [InlineData("--http,0.0.0.0:8080", "--token-file")]
    [InlineData("--http,8080", "ADDRESS:PORT")]
    [InlineData("--dicom,11112", "nowhere to go")]
    [InlineData("--watch,/nowhere,--out,o", "'/nowhere' does not exist")]
    [InlineData("--dicom,x,--out,o", "PORT or ADDRESS:PORT")]
    [InlineData("--aet,A TITLE THAT IS TOO LONG", "AE title of 1 to 16")]
    [InlineData("--store,PACS", "--store", "AET@HOST:PORT")]
    [InlineData("--allow-from,10.0.0.1/40", "--allow-from")]
    [InlineData("--tls-cert,x.pem", "expected both")]
    [InlineData("--tls-cert,/nowhere/x.pem,--tls-key,/nowhere/y.pem", "certificates cannot be read")]
    [InlineData("--rules,/nowhere/rules.json", "no such file")]
    [InlineData("--token-file,/nowhere/token", "no such file")]
    [InlineData("--spool-gb,0", "--spool-gb")]
    [InlineData("--dicom,0,--out,o,--format,dataset", "it is of runs of segment")]
    public void Bad_options_are_one_line_and_exit_2(string arguments, params string[] words) => Refused(words, arguments.Split(','));

    [Fact]
    public void Check_says_that_all_is_in_order()
    {
        string path = _directory.Write("rules.json", Encoding.UTF8.GetBytes("""{"rules":[{"formats":["mask"],"to":["out"]}]}"""));
        var output = new StringWriter();
        Assert.Equal(0, CommandLine.Run(["serve", "--rules", path, "--dicom", "0", "--out", _directory["o"], "--check"],
            all => Root.Create(all, Service.Run), output, TextWriter.Null));
        Assert.Contains("1 rule, destinations: out", output.ToString());
    }

    [Fact]
    public void The_service_s_program_says_its_version()
    {
        string[] arguments = ["exec", ServerProcess.Program, "--version"];
        using Process process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true })!;
        Assert.StartsWith("lungseg ", process.StandardOutput.ReadToEnd());
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public void Lungseg_serve_starts_the_service_s_program_with_the_same_options()
    {
        string[] arguments =
            ["exec", Path.Combine(AppContext.BaseDirectory, "lungseg.dll"), "serve", "--dicom=0", "--out", _directory["o"], "--check"];
        using Process process =
            Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string said = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, said);
        Assert.Contains("destinations: out", said);
    }

    [Fact]
    public async Task A_taken_port_and_a_spool_in_use_are_one_line()
    {
        await using TestService service = await TestService.StartAsync(_directory);
        Refused(["in use by another process"], "--spool", _directory["spool"], "--http", "127.0.0.1:0");
        Refused(["--http", $"{service.Running.HttpPort}", "cannot be listened at"], "--spool", _directory["spool2"], "--http",
            $"127.0.0.1:{service.Running.HttpPort}");
        Refused(["--dicom", "cannot be listened at"], "--spool", _directory["spool3"], "--dicom", $"127.0.0.1:{service.DicomPort}", "--out",
            _directory["o"]);
    }

    private static void Refused(string[] words, params string[] arguments)
    {
        var output = new StringWriter();
        var error = new StringWriter();
        Assert.Equal(2, CommandLine.Run(["serve", .. arguments], all => Root.Create(all, Service.Run), output, error));
        Assert.Equal("", output.ToString());
        Assert.StartsWith("lungseg: ", error.ToString());
        Assert.Single(error.ToString().TrimEnd().Split('\n'));
        foreach (string word in words) Assert.Contains(word, error.ToString());
    }

    internal static async Task<HttpResponseMessage> Stow(TestService service, params byte[][] files)
    {
        using var content = new MultipartContent("related", "b");
        foreach (byte[] file in files) content.Add(new ByteArrayContent(file) { Headers = { { "Content-Type", "application/dicom" } } });
        content.Headers.Remove("Content-Type");
        content.Headers.TryAddWithoutValidation("Content-Type", "multipart/related; type=\"application/dicom\"; boundary=b");
        return await service.Client.PostAsync("dicomweb/studies", content);
    }

    internal static async Task<JsonElement> Json(TestService service, string path) =>
        JsonDocument.Parse(await service.Client.GetStringAsync(path)).RootElement;
}
