using LungSeg.Cli.Tests;
using LungSeg.Server.Spooling;
using LungSeg.Server.Watching;

namespace LungSeg.Server.Tests;

/// <summary>A watched folder, by the system's notices and without them.</summary>
public sealed class WatchedFolderTests : IDisposable
{
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(300), Sweep = TimeSpan.FromMilliseconds(150);
    private readonly TemporaryDirectory _directory = new();
    private readonly Spool _spool;

    public WatchedFolderTests()
    {
        Directory.CreateDirectory(_directory["in/sub"]);
        _spool = Spool.Open(_directory["spool"], new SpoolLimits(1 << 20, 100, 1000, TimeSpan.FromHours(1)), Log.None);
    }

    public void Dispose()
    {
        _spool.Dispose();
        _directory.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Files_are_taken_when_they_are_complete_and_moved(bool notices)
    {
        _directory.Write("in/there.dcm", [1]);
        using WatchedFolder watch = Watch(Sources.Move, notices);
        _directory.Write("in/sub/later.dcm.partial", [2]);
        _directory.Write("in/sub/link.png", [9]);
        File.CreateSymbolicLink(_directory["in/link"], _directory["in/sub/link.png"]);
        await Until(2);
        using (FileStream growing = new(_directory["in/growing.dcm"], FileMode.Create))
        {
            for (int i = 0; i < 8; i++)
            {
                growing.Write([7]);
                growing.Flush();
                await Task.Delay(100);
            }
            Assert.Equal(2, _spool.Items.Count);
        }
        File.Move(_directory["in/sub/later.dcm.partial"], _directory["in/sub/later.dcm"]);
        await Until(4);
        await watch.StopAsync();
        Assert.Equal(["growing.dcm", "sub/later.dcm", "sub/link.png", "there.dcm"],
            _spool.Items.Select(item => item.Acceptance.Name).Order(StringComparer.Ordinal));
        Assert.Equal(8, new FileInfo(_spool.Items.First(item => item.Acceptance.Name == "growing.dcm").Input).Length);
        Assert.Equal(["done/growing.dcm", "done/sub/later.dcm", "done/sub/link.png", "done/there.dcm", "link"],
            _directory.Files.Where(file => file.StartsWith("in/", StringComparison.Ordinal)).Select(file => file[3..]));
    }

    [Fact]
    public async Task Files_that_are_left_are_taken_once_and_again_when_they_change()
    {
        _directory.Write("in/a.dcm", [1]);
        using (WatchedFolder watch = Watch(Sources.Leave, notices: false))
        {
            await Until(1);
            await watch.StopAsync();
        }
        _spool.Remove(_spool.Items[0]);
        using WatchedFolder again = Watch(Sources.Leave, notices: false);
        await Task.Delay(800);
        Assert.Empty(_spool.Items);
        _directory.Write("in/a.dcm", [1, 2]);
        await Until(1);
        await again.StopAsync();
        Assert.True(File.Exists(_directory["in/a.dcm"]));
    }

    [Fact]
    public async Task Files_are_deleted_by_choice_and_failures_put_aside_with_the_reason()
    {
        _directory.Write("in/sub/a.dcm", [1]);
        using WatchedFolder watch = Watch(Sources.Delete, notices: false);
        await Until(1);
        await TestService.Until(() => !File.Exists(_directory["in/sub/a.dcm"]), "the source is deleted", 10);
        _spool.Park(_spool.Items[0], "not an image");
        watch.PutAside(_spool.Items[0]);
        await watch.StopAsync();
        Assert.Equal([1], File.ReadAllBytes(_directory["in/failed/sub/a.dcm"]));
        Assert.Equal("not an image\n", File.ReadAllText(_directory["in/failed/sub/a.dcm.reason.txt"]));
    }

    [Fact]
    public async Task What_there_is_no_room_for_waits_and_what_is_too_large_is_left()
    {
        _spool.Draining = true;
        _directory.Write("in/a.dcm", [1]);
        _directory.Write("in/large.dcm", new byte[2000]);
        using WatchedFolder watch = Watch(Sources.Move, notices: false);
        await Task.Delay(700);
        Assert.Empty(_spool.Items);
        _spool.Draining = false;
        await Until(1);
        await watch.StopAsync();
        Assert.True(File.Exists(_directory["in/large.dcm"]));
    }

    private WatchedFolder Watch(Sources sources, bool notices) =>
        new(_directory["in"], sources, _spool, Settle, notices ? TimeSpan.FromSeconds(20) : Sweep, notices, Log.None);

    private Task Until(int items) => TestService.Until(() => _spool.Items.Count >= items, $"{items} items", 20);
}
