using LungSeg.Cli.Inputs;

namespace LungSeg.Cli.Tests.Inputs;

/// <summary>Which files a command line stands for, and what their outputs are called.</summary>
public sealed class InputCollectionTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_folder_is_all_images_below_it_without_hidden_files_outputs_and_what_is_no_image()
    {
        Make("in/b.png", "in/a/c.jpg", "in/a/d.dcm", "in/.hidden.png", "in/.hidden/e.png",
            "in/b.mask.png", "in/b.overlay.png", "in/b_mask.png",
            "in/notes.txt", "in/DICOMDIR", "in/out/f.png");
        File.Copy(Repository.Sample, _directory["in/IM0001"]);

        InputCollection found = Collect("out", "in");
        Assert.Equal(["IM0001", "a/c.jpg", "a/d.dcm", "b.png", "out/f.png"], found.Inputs.Select(input => input.Name));
        Assert.Equal(["IM0001", "a/c", "a/d", "b", "out/f"], found.Inputs.Select(input => input.Stem));
        Assert.Equal(["skipped: 1 hidden, 3 masks and other outputs by their names, 2 other files"], found.Notices);
        Assert.True(found.IsFolder);

        // A run's own directory is no input of the run.
        Assert.DoesNotContain("out/f.png", Collect("in/out", "in").Inputs.Select(input => input.Name));
        Assert.Contains("out/f.png", Collect("in", "in").Inputs.Select(input => input.Name));
    }

    [Theory]
    [InlineData("in/*.png", "a.png b.png")]
    [InlineData("in/?.png", "a.png b.png")]
    [InlineData("in/**/*.png", "a.png b.png x/c.png x/y/d.png")]
    [InlineData("in/x/**", "c.png y/d.png")]
    [InlineData("in/*/*.png", "x/c.png")]
    [InlineData("in/**/y/*.png", "x/y/d.png")]
    [InlineData("in/.h*.png", "")]
    public void A_pattern_is_named_relative_to_the_folder_before_its_first_wildcard(string pattern, string names)
    {
        Make("in/a.png", "in/b.png", "in/x/c.png", "in/x/y/d.png", "in/.hidden.png", "in/b.txt");
        if (names.Length == 0)
            Assert.Contains("no image matches", Assert.Throws<UsageException>(() => Collect("out", pattern)).Message);
        else
            Assert.Equal(names.Split(' '), Collect("out", pattern).Inputs.Select(input => input.Name));
    }

    [Fact]
    public void A_list_s_images_keep_their_relative_paths_and_lose_the_root_of_absolute_ones()
    {
        Make("a.png");
        string name = _directory["a.png"], list = _directory["list.txt"];
        File.WriteAllText(list, $"# comment\r\n\r\nsome/relative.png\r\n./other.png\n{name}\n../above.png\n");
        Input[] inputs = [.. InputCollection.Of([$"@{list}"], _directory["out"]).Inputs];
        string above = Path.GetFullPath("../above.png")[1..].Replace('\\', '/');
        Assert.Equal(
            new[] { above, name[1..], "other.png", "some/relative.png" }.Order(StringComparer.Ordinal), inputs.Select(input => input.Name));

        Assert.Contains("cannot be read", Assert.Throws<UsageException>(() => Collect("out", "@missing.txt")).Message);
        File.WriteAllBytes(list, [(byte)'a', 0xFF, 0xFE]);
        Assert.Contains("not UTF-8", Assert.Throws<UsageException>(() => InputCollection.Of([$"@{list}"], "out")).Message);
    }

    [Fact]
    public void Images_that_share_a_name_keep_their_extensions()
    {
        Make("in/x.png", "in/x.dcm", "in/y.png", "in/1.2.840.1");
        File.Copy(Repository.Sample, _directory["in/1.2.840.2"]);
        Assert.Equal(["1.2.840.2", "x.dcm", "x.png", "y"], Collect("out", "in").Inputs.Select(input => input.Stem));
    }

    [Fact]
    public void Two_images_with_the_same_outputs_are_refused_and_one_that_is_named_twice_is_taken_once()
    {
        Make("a/x.png", "b/x.png");
        string message = Assert.Throws<UsageException>(() => Collect("out", "a", "b")).Message;
        Assert.Contains(_directory["a/x.png"], message);
        Assert.Contains(_directory["b/x.png"], message);
        Assert.Single(Collect("out", "a", "a/x.png", "a").Inputs);
    }

    [Fact]
    public void Links_are_followed_once_and_circles_end()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege there");
        Make("in/a.png", "elsewhere/b.png");
        Directory.CreateSymbolicLink(_directory["in/back"], _directory["in"]);
        Directory.CreateSymbolicLink(_directory["in/to"], _directory["elsewhere"]);
        Directory.CreateSymbolicLink(_directory["in/to2"], "../elsewhere");
        Directory.CreateSymbolicLink(_directory["elsewhere/up"], "../in");
        Directory.CreateSymbolicLink(_directory["in/self"], "self");
        File.CreateSymbolicLink(_directory["in/c.png"], _directory["elsewhere/b.png"]);

        InputCollection found = Collect("out", "in");
        Assert.Equal(["a.png", "c.png", "to/b.png"], found.Inputs.Select(input => input.Name));
        Assert.Equal(3, found.Notices.Count(notice => notice.Contains("which is already included")));
    }

    [Fact]
    public void Nobody_waits_for_a_pipe_in_a_folder()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "pipes are a Unix way");
        Make("in/a.png");
        File.WriteAllBytes(_directory["in/empty.png"], []);
        foreach (string pipe in (string[])["in/pipe.png", "in/pipe"])
        {
            using var make = System.Diagnostics.Process.Start("mkfifo", [_directory[pipe]]);
            make.WaitForExit();
        }
        File.CreateSymbolicLink(_directory["in/link.png"], "pipe.png");
        Input[] inputs = [.. Collect("out", "in").Inputs];
        Assert.Equal(["a.png", "empty.png", "link.png", "pipe.png"], inputs.Select(input => input.Name));
        Assert.Equal([false, true, true, true], inputs.Select(input => input.Fault is not null));
    }

    [Fact]
    public void A_folder_that_cannot_be_listed_is_an_image_that_fails()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || Environment.UserName == "root", "nothing is forbidden to root");
        if (OperatingSystem.IsWindows()) return;
        Make("in/a.png", "in/shut/b.png");
        File.SetUnixFileMode(_directory["in/shut"], UnixFileMode.None);
        try
        {
            Assert.Contains("cannot be listed", Collect("out", "in").Inputs.Single(input => input.Name == "shut").Fault);
        }
        finally
        {
            File.SetUnixFileMode(_directory["in/shut"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public void Nothing_to_do_is_an_error()
    {
        Make("in/notes.txt");
        Assert.Contains("no image was found; skipped: 1 other files", Assert.Throws<UsageException>(() => Collect("out", "in")).Message);
        Assert.Contains("does not exist", Assert.Throws<UsageException>(() => Collect("out", "nowhere/*.png")).Message);
    }

    [Fact]
    public void A_real_path_follows_the_links_on_its_way()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege there");
        Make("a/b/c.png");
        Directory.CreateSymbolicLink(_directory["l"], "a");
        Directory.CreateSymbolicLink(_directory["a/m"], "../l/b");
        File.CreateSymbolicLink(_directory["loop"], "loop");
        Assert.Equal(RealPath.Of(_directory["a/b/c.png"]), RealPath.Of(_directory["l/m/c.png"]));
        Assert.Throws<IOException>(() => RealPath.Of(_directory["loop"]));
    }

    private InputCollection Collect(string output, params string[] arguments) =>
        InputCollection.Of(
            arguments.Select(argument => argument[0] == '@' ? $"@{_directory[argument[1..]]}" : _directory[argument]), _directory[output]);

    private void Make(params string[] names)
    {
        foreach (string name in names)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_directory[name])!);
            File.WriteAllText(_directory[name], "text");
        }
    }
}
