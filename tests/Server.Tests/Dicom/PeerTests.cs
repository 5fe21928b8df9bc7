using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.RegularExpressions;
using LungSeg.Cli.Tests;
using LungSeg.Imaging.Tests.Dicom;

namespace LungSeg.Server.Tests.Dicom;

/// <summary>dcmtk and dcmjs-dimse as sender and receiver. Debian's gdcmscu ends before it sends a byte, whoever listens.</summary>
public sealed class PeerTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Dcmtk_sends_every_transfer_syntax_that_it_writes()
    {
        Peer.Need("dcmsend", "dcmtk");
        Peer.Need("gdcmconv", "libgdcm-tools");
        string plain = _directory["plain.dcm"];
        Said(Peer.Run("dcmconv", "+te", _directory.Write("bare.dcm", Samples.Dicom()), plain));
        (string Name, string Program, string[] Arguments)[] makers =
        [
            ("rle", "dcmcrle", []), ("lossless", "dcmcjpeg", ["+e1"]), ("baseline", "dcmcjpeg", ["+eb"]),
            ("ls", "dcmcjpls", []), ("j2k", "gdcmconv", ["--j2k"]),
        ];
        foreach ((string name, string program, string[] arguments) in makers)
            Said(Peer.Run(program, [.. arguments, plain, _directory[$"{name}.dcm"]]));
        await using TestService service = await TestService.StartAsync(_directory, request =>
            request with { Http = null, Formats = "json" });
        Said(Peer.Run("dcmsend", ["-dn", "-aec", "LUNGSEG", "-aet", "SENDER", "127.0.0.1", $"{service.DicomPort}",
            .. makers.Select(maker => _directory[$"{maker.Name}.dcm"])]));
        Said(Peer.Run("dcmconv", "+tb", plain, _directory["big.dcm"]));
        foreach ((string syntax, string file) in ((string, string)[])[("-xe", plain), ("-xb", _directory["big.dcm"]), ("-xi", plain),
            ("-xd", plain)])
            Said(Peer.Run("storescu", syntax, "-aec", "LUNGSEG", "127.0.0.1", $"{service.DicomPort}", file));
        string[] expected = ["1.2", "1.2.1", "1.2.1.99", "1.2.2", "1.2.4.50", "1.2.4.70", "1.2.4.80", "1.2.4.90", "1.2.5"];
        await TestService.Until(() => Directory.Exists(_directory["out"])
            && Directory.GetFiles(_directory["out"]).Length == expected.Length, $"all are done; {service.Events}", 30);
        IEnumerable<string> read = Directory.GetFiles(_directory["out"]).Select(file =>
            Regex.Match(File.ReadAllText(file), @"\(1\.2\.840\.10008\.([\d.]+)\)").Groups[1].Value);
        Assert.Equal(expected, read.Order(StringComparer.Ordinal));
        Said(Peer.Run("echoscu", "-aec", "LUNGSEG", "127.0.0.1", $"{service.DicomPort}"));
        // Abort in place of release, and the smallest PDUs that dcmtk has.
        Said(Peer.Run("echoscu", "--abort", "-pdu", "4096", "-aec", "LUNGSEG", "127.0.0.1", $"{service.DicomPort}"));
        Said(Peer.Run("echoscu", "--propose-pc", "128", "--propose-ts", "20", "-aec", "LUNGSEG", "127.0.0.1", $"{service.DicomPort}"));
    }

    [Fact]
    public async Task Dcmjs_sends_images_and_gets_the_results()
    {
        Peer.NeedViewers();
        int port = FreePort();
        await using TestService service = await TestService.StartAsync(_directory, request =>
            request with { Http = null, Out = null, Store = $"DCMJS@127.0.0.1:{port}", Formats = "seg,sr" });
        string[] files = [.. Enumerable.Range(1, 2).Select(number => _directory.Write($"{number}.dcm", Samples.Dicom(number)))];
        JsonElement said = await Task.Run(() => Peer.Viewer("dimse.cjs", [$"{service.DicomPort}", $"{port}", "4", .. files]));
        Assert.Equal("0,0,0", string.Join(',', said.GetProperty("answers").EnumerateArray()));
        JsonElement[] received = [.. said.GetProperty("received").EnumerateArray()];
        Assert.All(received, result => Assert.Equal($"{result.GetProperty("inside")}", $"{result.GetProperty("instance")}"));
        Assert.Equal("SEG,SEG,SR,SR", string.Join(',', received.Select(result => $"{result.GetProperty("modality")}").Order()));
        await service.UntilDone(2);
    }

    [Theory]
    [InlineData("+x=", false)]
    [InlineData("+xi", false)]
    [InlineData("+x=", true)]
    public async Task Storescp_gets_the_results_in_a_syntax_that_it_takes(string syntax, bool tls)
    {
        Peer.Need("storescp", "dcmtk");
        (string certificate, string key) = Certificate();
        int port = FreePort();
        Directory.CreateDirectory(_directory["pacs"]);
        string[] secure = tls ? ["+tls", key, certificate, "-ic"] : [];
        using Process pacs =
            Process.Start(new ProcessStartInfo("storescp", [.. secure, syntax, "-aet", "PACS", "-od", _directory["pacs"], $"{port}"]))!;
        try
        {
            await TestService.Until(() => IsOpen(port), "storescp listens", 20);
            await using TestService service = await TestService.StartAsync(_directory, request => request with
            {
                Http = "127.0.0.1:0",
                Out = null,
                Store = $"PACS@localhost:{port}",
                StoreTls = tls,
                Authority = tls ? certificate
                    : null,
                Formats = "seg,sr,sc,pr",
            });
            await ServiceTests.Stow(service, Samples.Dicom());
            await service.UntilDone();
            string[] stored = Directory.GetFiles(_directory["pacs"]);
            Assert.Equal(4, stored.Length);
            foreach (string file in stored)
            {
                string said = Said(Peer.Run("dcmdump", "+P", "0002,0010", "+P", "0010,0020", file));
                Assert.Contains(syntax == "+xi" ? "LittleEndianImplicit" : "LittleEndianExplicit", said);
                Assert.Contains("P1", said);
            }
            Assert.Contains("delivered=store", service.Audit);
        }
        finally
        {
            pacs.Kill();
        }
    }

    [Fact]
    public async Task Dcmtk_sends_by_TLS_and_without_a_certificate_is_turned_away()
    {
        Peer.Need("storescu", "dcmtk");
        (string certificate, string key) = Certificate();
        await using TestService service = await TestService.StartAsync(_directory, request =>
            request with { Http = null, Certificate = certificate, Key = key, Authority = certificate, Formats = "mask" });
        string file = _directory.Write("a.dcm", Samples.Dicom());
        Said(Peer.Run("storescu", "+tls", key, certificate, "+cf", certificate, "-aec", "LUNGSEG", "127.0.0.1", $"{service.DicomPort}",
            file));
        await service.UntilDone();
        Assert.NotEqual(0, Peer.Run("storescu", "+tla", "-ic", "-aec", "LUNGSEG", "127.0.0.1", $"{service.DicomPort}", file).Exit);
        Assert.NotEqual(0, Peer.Run("storescu", "-ta", "5", "-aec", "LUNGSEG", "127.0.0.1", $"{service.DicomPort}", file).Exit);
    }

    /// <summary>Nothing of cryptography is loaded where no TLS is asked for, so that the service runs where there is none.</summary>
    [Fact]
    public async Task Without_TLS_no_library_of_cryptography_is_used()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "asks Linux which libraries are loaded");
        using var server = ServerProcess.Start(_directory);
        await server.UntilListening();
        using (var client = new HttpClient())
            await client.PostAsync($"http://127.0.0.1:{server.HttpPort}/v1/segment", new ByteArrayContent(Samples.Png));
        using (var peer = new RawPeer(server.DicomPort))
        {
            peer.Associate();
            peer.SendImage(RawPeer.Store(Samples.Uid(1)), RawPeer.DataSet(Samples.Dicom()));
            peer.Release();
        }
        await TestService.Until(() =>
            server.Audit.Contains("outcome=done", StringComparison.Ordinal), $"the image is done; {server.Events}");
        string maps = File.ReadAllText($"/proc/{server.Id}/maps");
        Assert.DoesNotContain("libssl", maps);
        Assert.DoesNotContain("libcrypto", maps);
        Assert.Equal(0, server.Terminate());
        Assert.Contains("stopped", server.Events);
    }

    /// <summary>Where OpenSSL is hidden from the process, the plain service starts; TLS is one line and exit code 2.</summary>
    [Fact]
    public void Where_no_OpenSSL_is_TLS_is_one_line()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "needs a mount namespace: root on Linux");
        (string certificate, string key) = Certificate();
        const string script = """
            for file in /usr/lib/*/libssl.so* /usr/lib/*/libcrypto.so* /lib/*/libssl.so* /usr/lib64/libssl.so*; do
                [ ! -f "$file" ] || mount --bind /dev/null "$file" || exit 77
            done
            exec "$@"
            """;
        string[] serve =
            ["-m", "sh", "-c", script, "sh", "dotnet", "exec", ServerProcess.Program, "--http", "127.0.0.1:0", "--check"];
        (int exit, string said) = Peer.Run("unshare", serve);
        Assert.SkipWhen(exit is 1 or 77, $"this machine gives no mount namespace: {said}");
        Assert.True(exit == 0, said);
        (exit, said) = Peer.Run("unshare", [.. serve, "--tls-cert", certificate, "--tls-key", key]);
        Assert.Equal(2, exit);
        Assert.Contains("TLS needs OpenSSL, and this machine has none", Assert.Single(said.TrimEnd().Split('\n')));
    }

    public static int FreePort()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        return port;
    }

    public static bool IsOpen(int port)
    {
        try
        {
            using var client = new TcpClient("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private (string Certificate, string Key) Certificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        File.WriteAllText(_directory["cert.pem"], certificate.ExportCertificatePem());
        File.WriteAllText(_directory["key.pem"], key.ExportPkcs8PrivateKeyPem());
        return (_directory["cert.pem"], _directory["key.pem"]);
    }

    private static string Said((int Exit, string Said) run)
    {
        Assert.True(run.Exit == 0, run.Said);
        return run.Said;
    }
}
