using System.Diagnostics;

namespace LungSeg.IO.Tests;

public sealed class BoundedFileTests : IDisposable
{
    private const long Limit = 200_000;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_file_is_read_whole_up_to_the_limit()
    {
        foreach (int length in (int[])[0, 1, 4095, 4096, 4097, (int)Limit])
        {
            byte[] bytes = new byte[length];
            new Random(length).NextBytes(bytes);
            File.WriteAllBytes(_directory["a"], bytes);
            Assert.Equal(bytes, Read("a"));
        }
        File.WriteAllBytes(_directory["a"], new byte[Limit + 1]);
        FileException e = Assert.Throws<FileException>(() => Read("a"));
        Assert.EndsWith("a: 200001 bytes is over the limit of 200000 bytes for one test file", e.Message);
        File.WriteAllBytes(_directory["a"], new byte[3 << 20]);
        e = Assert.Throws<FileException>(() => BoundedFile.Read(_directory["a"], 2 << 20, "test file"));
        Assert.Contains("3 MiB is over the limit of 2 MiB", e.Message);
    }

    [Fact]
    public void A_file_that_changes_while_it_is_read_is_refused()
    {
        string path = _directory["a"];
        foreach (Action change in (Action[])[
            () => File.AppendAllText(path, "more"),
            () => File.WriteAllText(path, "less"),
            () => File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddMinutes(1)),
            () => File.Delete(path)])
        {
            File.WriteAllBytes(path, new byte[10_000]);
            FileException e = Assert.Throws<FileException>(() => BoundedFile.Read(path, Limit, "test file", new Meanwhile(change)));
            Assert.Contains("changed while it was read", e.Message);
        }
    }

    [Fact]
    public async Task A_pipe_is_read_to_its_end_or_to_the_limit()
    {
        string pipe = _directory["pipe"];
        Assert.SkipUnless(File.Exists("/usr/bin/mkfifo"), "no 'mkfifo' to make a pipe with");
        using (Process made = Process.Start("/usr/bin/mkfifo", [pipe])) made.WaitForExit();
        byte[] bytes = new byte[100_000];
        new Random(1).NextBytes(bytes);
        Task writer = Task.Run(() => File.WriteAllBytes(pipe, bytes), TestContext.Current.CancellationToken);
        Assert.Equal(bytes, Read("pipe"));
        await writer;

        // The writer's end breaks when the reader leaves at the limit.
        writer = Task.Run(
            () => Record.Exception(() => File.WriteAllBytes(pipe, new byte[Limit * 3])), TestContext.Current.CancellationToken);
        Assert.Contains("more than the limit of 200000 bytes", Assert.Throws<FileException>(() => Read("pipe")).Message);
        await writer;
    }

    [Fact]
    public void A_directory_is_refused() =>
        Assert.Contains("is a directory, but one test file was expected", Assert.Throws<FileException>(() => Read("")).Message);

    [Fact]
    public void A_link_that_leads_nowhere_is_told_from_a_file_that_is_not_there()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a right there");
        File.CreateSymbolicLink(_directory["link"], "nowhere");
        FileException e = Assert.Throws<FileException>(() => Read("link"));
        Assert.Contains("link: the link leads to 'nowhere', and there is no such file", e.Message);
        Assert.EndsWith("other: no such file", Assert.Throws<FileException>(() => Read("other")).Message);
    }

    [Fact]
    public void A_file_without_permission_is_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || Environment.UserName == "root", "permissions do not bind this user");
        if (OperatingSystem.IsWindows()) return;
        File.WriteAllBytes(_directory["a"], new byte[100]);
        File.SetUnixFileMode(_directory["a"], UnixFileMode.None);
        Assert.Contains("cannot be read", Assert.Throws<FileException>(() => Read("a")).Message);
    }

    private byte[] Read(string name) => BoundedFile.Read(_directory[name], Limit, "test file");

    /// <summary>Does something to the file once its first bytes were read.</summary>
    private sealed class Meanwhile(Action action) : MemoryStream
    {
        private bool _done;

        public override void Write(byte[] buffer, int offset, int count)
        {
            if (!_done) action();
            _done = true;
        }
    }
}
