using System.Diagnostics;

namespace LungSeg.Imaging.Tests;

public sealed class FileContentTests
{
    /// <summary>Does something to the file once its first bytes were read.</summary>
    private sealed class Meanwhile(Action action) : MemoryStream
    {
        private bool _done;

        public override void Write(byte[] buffer, int offset, int count)
        {
            if (!_done)
                action();
            _done = true;
        }
    }

    [Fact]
    public void A_file_is_read_whole()
    {
        using TemporaryDirectory directory = new();
        foreach (int length in (int[])[0, 1, 4095, 4096, 4097, 100_000])
        {
            byte[] bytes = new byte[length];
            new Random(length).NextBytes(bytes);
            File.WriteAllBytes(directory.File("a"), bytes);
            Assert.Equal(bytes, FileContent.Read(directory.File("a")));
        }
    }

    [Fact]
    public void A_file_that_changes_while_it_is_read_is_refused()
    {
        using TemporaryDirectory directory = new();
        string path = directory.File("a");
        foreach (Action change in (Action[])[
            () => File.AppendAllText(path, "more"),
            () => File.WriteAllText(path, "less"),
            () => File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddMinutes(1)),
            () => File.Delete(path)])
        {
            File.WriteAllBytes(path, new byte[10_000]);
            Assert.Contains("changed while it was read", Assert.Throws<ImageException>(() => FileContent.Read(path, new Meanwhile(change))).Message);
        }
    }

    [Fact]
    public async Task A_pipe_is_read_to_its_end()
    {
        using TemporaryDirectory directory = new();
        string pipe = directory.File("pipe");
        Assert.SkipUnless(File.Exists("/usr/bin/mkfifo"), "no 'mkfifo' to make a pipe with");
        using (Process made = Process.Start("/usr/bin/mkfifo", [pipe])) made.WaitForExit();
        byte[] bytes = new byte[100_000];
        new Random(1).NextBytes(bytes);
        Task writer = Task.Run(() => File.WriteAllBytes(pipe, bytes), TestContext.Current.CancellationToken);
        Assert.Equal(bytes, FileContent.Read(pipe));
        await writer;
    }

    [Fact]
    public void A_link_that_leads_nowhere_is_told_from_a_file_that_is_not_there()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a right there");
        using TemporaryDirectory directory = new();
        File.CreateSymbolicLink(directory.File("link"), "nowhere");
        Assert.Contains("link: the link leads to 'nowhere', and there is no such file", Assert.Throws<ImageException>(() => FileContent.Read(directory.File("link"))).Message);
        Assert.EndsWith("other: no such file", Assert.Throws<ImageException>(() => FileContent.Read(directory.File("other"))).Message);
    }

    [Fact]
    public void A_file_without_permission_is_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || Environment.UserName == "root", "permissions do not bind this user");
        if (OperatingSystem.IsWindows())
            return;
        using TemporaryDirectory directory = new();
        File.WriteAllBytes(directory.File("a"), new byte[100]);
        File.SetUnixFileMode(directory.File("a"), UnixFileMode.None);
        Assert.Contains("cannot be read", Assert.Throws<ImageException>(() => FileContent.Read(directory.File("a"))).Message);
    }

    [Fact]
    public void Names_with_spaces_and_letters_of_any_script_are_read_and_named()
    {
        using TemporaryDirectory directory = new();
        string path = directory.File("R\u00F6ntgen \u80F8\u90E8 \u0440\u0435\u043D\u0442\u0433\u0435\u043D 1.png");
        ImageWriter.WritePng(path, 40, 40, 1, new byte[1600]);
        Assert.Equal(path, ImageReader.Read(path).Name);
    }
}
