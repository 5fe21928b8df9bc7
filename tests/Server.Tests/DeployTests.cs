using LungSeg.Cli.Tests;
using LungSeg.Imaging.Tests.Dicom;

namespace LungSeg.Server.Tests;

/// <summary>What is in deploy/ (Orthanc's files are run by OrthancTests).</summary>
public sealed class DeployTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Systemd_takes_the_unit_and_finds_little_exposed()
    {
        Peer.Need("systemd-analyze", "systemd");
        string unit = _directory["lungseg-server.service"];
        File.WriteAllText(unit, File.ReadAllText(Repository.PathOf("deploy", "systemd", "lungseg-server.service"))
            .Replace("/opt/lungseg/lungseg-server", "/bin/true"));
        (int exit, string said) = Peer.Run("systemd-analyze", "verify", unit);
        Assert.True(exit == 0, said);
        Assert.DoesNotContain("lungseg-server.service:", said);
        // Of 100; an ordinary service has 96.
        (exit, said) = Peer.Run("systemd-analyze", "security", "--offline=true", "--threshold=20", unit);
        Assert.True(exit == 0, said);
    }
}
