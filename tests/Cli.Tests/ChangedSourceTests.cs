using LungSeg.Imaging.Tests.Dicom;

namespace LungSeg.Cli.Tests;

/// <summary>
/// A file that becomes another one while the program works on it, through the whole program: the kernel tells when the program reads it,
/// and it is replaced then.
/// </summary>
public sealed class ChangedSourceTests : IDisposable
{
    /// <summary>By what is found first: as it is read, or before results are written.</summary>
    private const string Said = "changed while it was read; try again when it is complete|"
        + "was changed or removed while it was segmented: no results were written; run it again";

    private readonly TemporaryDirectory _directory = new();
    private readonly List<FileSystemWatcher> _watchers = [];

    public void Dispose()
    {
        _watchers.ForEach(watcher => watcher.Dispose());
        _directory.Dispose();
    }

    /// <summary>A film that takes longer to segment than to replace.</summary>
    private static byte[] Film(int number) => Films.Draw(1000, 800, change: b => b.Text(0x00080018, "UI", $"1.2.3.{number}")).File;

    /// <summary>Does something with a file in the folder "in" each time that it is read.</summary>
    private void WhenRead(string name, Action<string> change)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux tells of reading as it happens");
        var watcher = new FileSystemWatcher(_directory["in"], name) { NotifyFilter = NotifyFilters.LastAccess };
        watcher.Changed += (_, _) =>
        {
            // To read the rest takes less, to segment it more.
            Thread.Sleep(30);
            change(Path.Combine(_directory["in"], name));
        };
        watcher.EnableRaisingEvents = true;
        _watchers.Add(watcher);
    }

    private void Write(string name, int number)
    {
        Directory.CreateDirectory(_directory["in"]);
        File.WriteAllBytes(Path.Combine(_directory["in"], name), Film(number));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_that_is_replaced_or_removed_meanwhile_gets_no_results(bool removed)
    {
        Write("film.dcm", 1);
        File.WriteAllBytes(_directory["other"], Film(2));
        WhenRead("film.dcm", path =>
        {
            if (removed)
                File.Delete(path);
            else if (File.Exists(_directory["other"]))
                File.Move(_directory["other"], path, overwrite: true);
        });
        Run run = Lungseg.Run("segment", _directory["in/film.dcm"], "-o", _directory["out"], "--format", "mask,seg,sr,json");
        run.Refused("film.dcm");
        Assert.Matches(Said, run.Error);
        Assert.False(Directory.Exists(_directory["out"]) && Directory.EnumerateFiles(_directory["out"], "film.*").Any());
    }

    [Fact]
    public void Of_a_folder_the_others_are_done()
    {
        Write("a.dcm", 1);
        Write("b.dcm", 2);
        // Whether an image is one is seen first, so that it is replaced more than once.
        int number = 10;
        byte[][] others = [Film(11), Film(12)];
        WhenRead("b.dcm", path =>
        {
            string next = _directory[$"next{Interlocked.Increment(ref number)}"];
            File.WriteAllBytes(next, others[number % 2]);
            File.Move(next, path, overwrite: true);
        });
        Run run = Lungseg.Run("segment", _directory["in"], "-o", _directory["out"], "--format", "mask,seg", "-q");
        Assert.Equal(1, run.Exit);
        Assert.Matches(Said, run.Error);
        Assert.Equal(2, Directory.GetFiles(_directory["out"], "a.*").Length);
        Assert.Empty(Directory.GetFiles(_directory["out"], "b.*"));
    }
}
