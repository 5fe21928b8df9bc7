namespace LungSeg.IO.Tests;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_failed_write_leaves_the_old_file_and_nothing_else()
    {
        File.WriteAllText(_directory["a"], "old");
        FileException e = Assert.Throws<FileException>(() => AtomicFile.Write(_directory["a"], stream =>
        {
            stream.WriteByte(1);
            throw new IOException("disk\nfull");
        }));
        Assert.Equal($"{_directory["a"]}: cannot be written: disk full", e.Message);
        Assert.Equal("old", File.ReadAllText(_directory["a"]));
        Assert.Equal([_directory["a"]], _directory.Files);
    }

    [Fact]
    public void What_the_writer_throws_itself_comes_through_and_leaves_nothing()
    {
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(_directory["a"], _ => throw new InvalidOperationException()));
        Assert.Empty(_directory.Files);
    }

    [Fact]
    public void Of_several_files_all_are_written_or_none()
    {
        File.WriteAllText(_directory["a"], "old");
        FileException e = Assert.Throws<FileException>(() => AtomicFile.Write(
            (_directory["a"], stream => stream.WriteByte(1)),
            (_directory["b"], stream => stream.WriteByte(2)),
            (_directory["no/c"], stream => stream.WriteByte(3))));
        Assert.Contains($"the directory {_directory["no"]} does not exist", e.Message);
        Assert.Equal("old", File.ReadAllText(_directory["a"]));
        Assert.Equal([_directory["a"]], _directory.Files);
        AtomicFile.Write((_directory["a"], stream => stream.WriteByte(1)), (_directory["b"], stream => stream.WriteByte(2)));
        Assert.Equal([1, 2], File.ReadAllBytes(_directory["a"]).Concat(File.ReadAllBytes(_directory["b"])));
        Assert.Equal(2, _directory.Files.Length);
    }

    [Fact]
    public void No_file_has_its_name_before_the_last_is_complete()
    {
        AtomicFile.Write(
            (_directory["a"], stream => stream.WriteByte(1)),
            (_directory["b"], _ =>
            {
                Assert.False(File.Exists(_directory["a"]));
                // The first is on its way to the disk already, under a name that a later run knows as unfinished.
                Assert.Equal(2, _directory.Files.Length);
                Assert.All(_directory.Files, file => Assert.True(AtomicFile.IsUnfinished(file)));
                Assert.True(SpinWait.SpinUntil(
                    () => _directory.Files.Any(file => new FileInfo(file).Length == 1), TimeSpan.FromSeconds(30)));
            }
        ));
        Assert.All(_directory.Files, file => Assert.False(AtomicFile.IsUnfinished(file)));
    }

    [Fact]
    public void A_directory_in_place_of_the_file_is_refused()
    {
        FileException e = Assert.Throws<FileException>(() => AtomicFile.Write(_directory.Path, "text"));
        Assert.Contains("is a directory", e.Message);
        Assert.Equal(Remedy.NameOutput, e.Remedy);
    }

    [Fact]
    public void A_directory_without_permission_is_named()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || Environment.UserName == "root", "permissions do not bind this user");
        if (OperatingSystem.IsWindows()) return;
        Directory.CreateDirectory(_directory["sub"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        FileException e = Assert.Throws<FileException>(() => AtomicFile.Write(_directory["sub/a"], ""));
        Assert.Contains($"no permission to write in {_directory["sub"]}", e.Message);
    }

    [Fact]
    public void Text_is_written_as_utf8_without_a_mark()
    {
        AtomicFile.Write(_directory["a"], "\u00B5m\n");
        Assert.Equal([0xC2, 0xB5, (byte)'m', (byte)'\n'], File.ReadAllBytes(_directory["a"]));
    }

    [Fact]
    public void A_copy_equals_its_source_and_a_missing_source_is_named()
    {
        byte[] bytes = new byte[300_000];
        new Random(1).NextBytes(bytes);
        File.WriteAllBytes(_directory["a"], bytes);
        AtomicFile.Copy(_directory["a"], _directory["b"]);
        Assert.Equal(bytes, File.ReadAllBytes(_directory["b"]));
        FileException e = Assert.Throws<FileException>(() => AtomicFile.Copy(_directory["c"], _directory["b"]));
        Assert.StartsWith($"{_directory["c"]}: cannot be read", e.Message);
        Assert.Equal(bytes, File.ReadAllBytes(_directory["b"]));
        Assert.Equal(2, _directory.Files.Length);
    }

    [Fact]
    public void A_file_that_stays_open_has_its_name_and_its_beginning_and_takes_more()
    {
        File.WriteAllText(_directory["a"], "old");
        // What a process that was killed left behind is written over.
        File.WriteAllText(_directory["a.new"], "left behind, and longer");
        using (FileStream file = AtomicFile.Begin(_directory["a"], stream =>
        {
            stream.Write("new"u8);
            Assert.Equal("old", File.ReadAllText(_directory["a"]));
        }))
        {
            var now = new FileStream(_directory["a"], FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using (var reader = new StreamReader(now)) Assert.Equal("new", reader.ReadToEnd());
            file.Write(" more"u8);
        }
        Assert.Equal("new more", File.ReadAllText(_directory["a"]));
        Assert.Equal([_directory["a"]], _directory.Files);
    }

    [Fact]
    public void A_beginning_that_fails_leaves_the_old_file_and_nothing_else()
    {
        File.WriteAllText(_directory["a"], "old");
        Assert.Throws<IOException>(() => AtomicFile.Begin(_directory["a"], _ => throw new IOException()));
        Assert.Equal("old", File.ReadAllText(_directory["a"]));
        Assert.Equal([_directory["a"]], _directory.Files);
    }

    [Fact]
    public void A_directory_is_flushed_where_the_system_can()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "directories are not flushed there");
        Assert.True(DirectoryFlush.Try(_directory.Path));
        Assert.False(DirectoryFlush.Try(_directory["no"]));
    }
}
