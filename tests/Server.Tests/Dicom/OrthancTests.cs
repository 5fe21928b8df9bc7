using System.Diagnostics;
using System.Text;
using System.Text.Json;
using LungSeg.Cli.Tests;

namespace LungSeg.Server.Tests.Dicom;

/// <summary>Debian's Orthanc with the files of deploy/orthanc.</summary>
public sealed class OrthancTests : IAsyncLifetime
{
    private const string Program = "/usr/sbin/Orthanc", DicomWeb = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so";
    private readonly TemporaryDirectory _directory = new();
    private readonly int _http = PeerTests.FreePort(), _dicom = PeerTests.FreePort(), _own = PeerTests.FreePort();
    private readonly System.Collections.Concurrent.ConcurrentQueue<string> _said = [];
    private HttpClient _client = null!;
    private Process? _orthanc;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(File.Exists(Program), "Orthanc of Debian's orthanc is not installed (tests/peers.sh)");
        string folder = Repository.PathOf("deploy", "orthanc");
        _directory.Write("lungseg.lua", File.ReadAllBytes(Path.Combine(folder, "lungseg.lua")));
        string configuration = File.ReadAllText(Path.Combine(folder, "orthanc.json"))
            .Replace("/var/lib/orthanc/db-v6", _directory["db"]).Replace("8042", $"{_http}").Replace("4242", $"{_dicom}")
            .Replace("11112", $"{_own}")
            .Replace("\"StableAge\": 10", "\"StableAge\": 1").Replace("/etc/orthanc/lungseg.lua", _directory["lungseg.lua"])
            // Other plugins of the machine are none of this test.
            .Replace("/usr/share/orthanc/plugins", File.Exists(DicomWeb) ? DicomWeb : _directory.Name);
        var start = new ProcessStartInfo(Program, [_directory.Write("orthanc.json", Encoding.UTF8.GetBytes(configuration))])
        { RedirectStandardError = true, RedirectStandardOutput = true };
        _orthanc = Process.Start(start)!;
        _orthanc.ErrorDataReceived += (_, e) => _said.Enqueue(e.Data ?? "");
        _orthanc.BeginErrorReadLine();
        _orthanc.BeginOutputReadLine();
        _client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_http}/") };
        await TestService.Until(() => PeerTests.IsOpen(_http) && PeerTests.IsOpen(_dicom), "Orthanc listens");
    }

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        if (_orthanc is not null)
        {
            _orthanc.Kill();
            await _orthanc.WaitForExitAsync();
            _orthanc.Dispose();
        }
        _directory.Dispose();
    }

    [Fact]
    public async Task Orthanc_sends_a_stable_series_and_gets_segmentation_and_report_back()
    {
        await using TestService service = await Start(request => request with { Store = $"ORTHANC@127.0.0.1:{_dicom}" });
        string image = await Post();
        JsonElement[] results = await Results(2);
        JsonElement seg = results.First(tags => Text(tags, "Modality") == "SEG");
        string study = Text(await Json($"instances/{image}/simplified-tags"), "StudyInstanceUID");
        Assert.All(results, tags => Assert.Equal((study, "P1"), (Text(tags, "StudyInstanceUID"), Text(tags, "PatientID"))));
        Assert.Equal(Samples.Uid(1), Text(seg.GetProperty("ReferencedSeriesSequence")[0].GetProperty("ReferencedInstanceSequence")[0],
            "ReferencedSOPInstanceUID"));
        JsonElement sr = results.First(tags => Text(tags, "Modality") == "SR");
        string evidence = sr.GetProperty("CurrentRequestedProcedureEvidenceSequence").GetRawText();
        Assert.Contains(Samples.Uid(1), evidence);
        Assert.Contains(Text(seg, "SOPInstanceUID"), evidence);
    }

    [Fact]
    public async Task Results_go_to_Orthanc_by_DICOMweb()
    {
        Assert.SkipUnless(File.Exists(DicomWeb), "Debian's orthanc-dicomweb is not installed (tests/peers.sh)");
        await using TestService service = await Start(request => request with { Stow = $"http://127.0.0.1:{_http}/dicom-web/" });
        await Post();
        await Results(2);
        await service.UntilDone();
        Assert.Contains("delivered=stow", service.Audit);
    }

    [Fact]
    public async Task Storage_is_committed_both_ways()
    {
        string rules = _directory.Write("rules.json", Encoding.UTF8.GetBytes(
            """{"destinations":{"pacs":{"store":"ORTHANC@127.0.0.1:PORT","commit":true}},"rules":[{"formats":["seg"],"to":["pacs"]}]}"""
                .Replace("PORT", $"{_dicom}")));
        await using TestService service = await Start(request =>
            request with { Rules = rules, Formats = null, Commits = true, Peers = [$"ORTHANC@127.0.0.1:{_dicom}"] });
        string image = await Post();
        await Results(1);
        await service.UntilDone();

        using HttpResponseMessage asked = await _client.PostAsync("modalities/lungseg/storage-commitment",
            new StringContent(JsonSerializer.Serialize(new { Resources = new[] { image } })));
        string transaction = Text(JsonDocument.Parse(await asked.Content.ReadAsStringAsync()).RootElement, "ID");
        await TestService.Until(() =>
            Text(Json($"storage-commitment/{transaction}").GetAwaiter().GetResult(), "Status") == "Success", "Orthanc got the report");
    }

    private Task<TestService> Start(Func<Cli.Commands.ServeRequest, Cli.Commands.ServeRequest> change) =>
        TestService.StartAsync(_directory, request =>
        change(request with { Http = null, Dicom = $"127.0.0.1:{_own}", Out = null, Formats = "seg,sr" }));

    private async Task<string> Post()
    {
        using HttpResponseMessage posted = await _client.PostAsync("instances", new ByteArrayContent(Samples.Dicom()));
        return Text(JsonDocument.Parse(await posted.Content.ReadAsStringAsync()).RootElement, "ID");
    }

    private async Task<JsonElement[]> Results(int count)
    {
        JsonElement[] all = [];
        await TestService.Until(() => (all = [.. Json("instances").GetAwaiter().GetResult().EnumerateArray()]).Length == count
            + 1, $"{count} results are in Orthanc, which says {string.Join(Environment.NewLine, _said)}", 30);
        var tags = new List<JsonElement>();
        foreach (JsonElement id in all) tags.Add(await Json($"instances/{id.GetString()}/simplified-tags"));
        return [.. tags.Where(each => Text(each, "Modality") != "DX")];
    }

    private async Task<JsonElement> Json(string path) => JsonDocument.Parse(await _client.GetStringAsync(path)).RootElement;

    private static string Text(JsonElement tags, string name) => tags.GetProperty(name).GetString()!;
}
