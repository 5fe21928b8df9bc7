using System.Diagnostics;
using System.Text.Json;
using LungSeg.Cli.Journals;
using LungSeg.IO;

namespace LungSeg.Cli.Tests.Runs;

/// <summary>Folders as a user segments them.</summary>
public sealed class FolderRunTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Outputs_lie_as_the_images_do_and_the_reports_tell_of_each()
    {
        Images.Write(_directory, "in", "b.png", "a/c d.png", "a/é.png");
        File.WriteAllText(_directory["in/bad.png"], "no image");
        Run run = Segment("in");
        Assert.Equal(1, run.Exit);
        Assert.Equal(
            [
                "a/c d.mask.png", "a/c d.overlay.png", "a/é.mask.png", "a/é.overlay.png", "b.mask.png", "b.overlay.png",
                "journal.jsonl", "report.csv", "report.jsonl",
            ], Files("out"));
        Assert.Equal(3, run.Output.Split(Environment.NewLine).Count(line => line.Contains("wrote")));
        Assert.Contains("1 of 4 images failed", run.Error);
        Assert.Contains("bad.png: not an image", run.Error);

        string[] csv = File.ReadAllLines(_directory["out/report.csv"]);
        Assert.Equal(["file", "a/c d.png", "a/é.png", "b.png", "bad.png"], csv.Select(line => line.Split(',')[0]));
        Assert.Equal(["status", "done", "done", "done", "failed"], csv.Select(line => line.Split(',')[1]));
        JsonElement[] json = [.. File.ReadLines(_directory["out/report.jsonl"]).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(["a/c d.png", "a/é.png", "b.png", "bad.png"], json.Select(line => line.GetProperty("file").GetString()));
        Assert.Contains("not an image", json[3].GetProperty("error").GetString());
        JsonElement output = json[0].GetProperty("outputs")[0];
        Assert.Equal("a/c d.mask.png", output.GetProperty("name").GetString());
        Assert.Equal(Sha256.TextOf(File.ReadAllBytes(_directory["out/a/c d.mask.png"])), output.GetProperty("sha256").GetString());
        Assert.InRange(json[0].GetProperty("lungs").GetProperty("share").GetDouble(), 0, 1);
    }

    [Fact]
    public void Json_is_a_line_for_each_image_and_quiet_is_quiet()
    {
        Images.Write(_directory, "in", "a.png", "b.png");
        File.WriteAllText(_directory["in/bad.png"], "no image");
        Run run = Segment("in", "--json", "--quiet");
        Assert.Equal("", run.Output);
        Assert.Equal(2, run.Error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries).Length);

        run = Segment("in", "--json");
        string[] printed = run.Output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        JsonElement[] lines = [.. printed.Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(["a.png", "b.png", "bad.png"], lines.Select(line => line.GetProperty("file").GetString()).Order());
        Assert.Equal(2, lines.Count(line => line.TryGetProperty("milliseconds", out _)));
    }

    [Fact]
    public void Where_all_images_are_bad_the_exit_code_is_that_of_bad_input()
    {
        Directory.CreateDirectory(_directory["in"]);
        File.WriteAllText(_directory["in/bad.png"], "no image");
        Assert.Equal(2, Segment("in").Exit);
        Assert.True(File.Exists(_directory["out/report.csv"]));
    }

    [Fact]
    public void Named_files_leave_no_journal_unless_a_run_is_asked_for()
    {
        Images.Write(_directory, "in", "a.png");
        Segment("in/a.png").Succeeded();
        Assert.Equal(["a.mask.png", "a.overlay.png"], Files("out"));
        Assert.Equal(0, Segment("in/a.png", "--resume").Exit);
        Assert.Contains("journal.jsonl", Files("out"));
    }

    [Fact]
    public void Resume_skips_what_is_finished_and_does_again_what_changed()
    {
        Images.Write(_directory, "in", "a.png", "b.png", "c.png", "d.png");
        File.WriteAllText(_directory["in/bad.png"], "no image");
        Segment("in");
        string[] reports = [File.ReadAllText(_directory["out/report.csv"]), File.ReadAllText(_directory["out/report.jsonl"])];

        Run run = Segment("in", "--resume");
        Assert.Contains("4 of 5 images are already finished", run.Error);
        Assert.Contains("done again: 1, because they failed before (bad.png)", run.Error);
        Assert.Equal("", run.Output);
        Assert.Equal(reports[0], File.ReadAllText(_directory["out/report.csv"]));
        Assert.Equal(reports[1], File.ReadAllText(_directory["out/report.jsonl"]));

        // Touched alone, changed, an output damaged, an output gone.
        File.SetLastWriteTimeUtc(_directory["in/a.png"], DateTime.UtcNow.AddHours(1));
        File.Copy(_directory["in/a.png"], _directory["in/b.png"], overwrite: true);
        File.WriteAllText(_directory["out/c.mask.png"], "?");
        File.Delete(_directory["out/d.overlay.png"]);
        run = Segment("in", "--resume");
        Assert.Contains("1 of 5 images are already finished", run.Error);
        Assert.Contains("done again: 1, because the image changed (b.png)", run.Error);
        Assert.Contains("done again: 2, because an output is missing or was changed (c.png, d.png)", run.Error);
        Assert.Equal(File.ReadAllBytes(_directory["out/a.mask.png"]), File.ReadAllBytes(_directory["out/b.mask.png"]));

        run = Segment("in", "--resume", "--threshold", "0.6");
        Assert.Contains(
            "done again: 4, because the settings changed: threshold: 0.5 before, 0.6 now (a.png, b.png, c.png, …)", run.Error);
        run = Segment("in", "--resume", "--threshold", "0.6", "--format", "mask");
        Assert.Contains("format: mask,overlay before, mask now", run.Error);

        // An image that is gone is in no report any more.
        File.Delete(_directory["in/d.png"]);
        Segment("in", "--resume", "--threshold", "0.6", "--format", "mask");
        Assert.DoesNotContain("\nd.png", File.ReadAllText(_directory["out/report.csv"]));
    }

    [Fact]
    public void A_run_that_is_killed_and_resumed_ends_with_the_same_files()
    {
        string[] names = [.. Enumerable.Range(0, 60).Select(i => $"{i / 10}/p{i}.png")];
        Images.Write(_directory, "in", names);
        Segment("in");
        Dictionary<string, string> whole = Hashes("out");

        using (Process process = Lungseg.Start(["segment", _directory["in"], "-o", _directory["killed"], "--size", "128", "--json"]))
        {
            for (int i = 0; i < 5; i++) Assert.NotNull(process.StandardOutput.ReadLine());
            process.Kill();
            process.WaitForExit();
        }
        // What a kill in the middle of a file leaves; another run's file is not ours to delete.
        string unfinished = $".1-{new string('0', 32)}.tmp", others = _directory[$"killed/0/other.mask.png{unfinished}"];
        string[] ours = ["0/p1.mask.png", "report.csv", "report.jsonl", "report.html", "report.2-of-3.csv"];
        foreach (string name in ours) File.WriteAllText(_directory[$"killed/{name}{unfinished}"], "half");
        File.WriteAllText(_directory["killed/journal.jsonl.new"], "half");
        File.WriteAllText(others, "half");
        File.AppendAllText(_directory["killed/journal.jsonl"], "{\"image\":{\"rec");
        Assert.False(File.Exists(_directory["killed/report.csv"]));

        Run run = Lungseg.Run("segment", _directory["in"], "-o", _directory["killed"], "--size", "128", "--resume");
        Assert.Equal(0, run.Exit);
        Assert.Contains("of 60 images are already finished, and their outputs are unchanged", run.Error);
        Assert.True(File.Exists(others));
        File.Delete(others);
        Assert.Equal(whole, Hashes("killed"));
    }

    [Fact]
    public void An_interrupted_run_finishes_what_it_began_and_says_how_to_go_on()
    {
        Images.Write(_directory, "in", [.. Enumerable.Range(0, 200).Select(i => $"p{i}.png")]);
        using Process process = Lungseg.Start(["segment", _directory["in"], "-o", _directory["out"], "--size", "256", "--json"]);
        Assert.NotNull(process.StandardOutput.ReadLine());
        Lungseg.Interrupt(process);
        string[] lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(130, process.ExitCode);
        Assert.Contains("finishing the images in progress", error);
        Assert.Contains("images remain: run the same command with --resume to continue", error);
        Assert.InRange(lines.Length, 1, 198);
        // Each image that was told has its files and its line, and there is nothing else.
        Assert.Equal(lines.Length + 1, File.ReadLines(_directory["out/report.jsonl"]).Count());
        Assert.Equal(2 * (lines.Length + 1) + 3, Files("out").Length);
    }

    [Fact]
    public void A_damaged_journal_is_named_and_a_new_run_begins_it_anew()
    {
        Images.Write(_directory, "in", "a.png");
        Segment("in");
        File.WriteAllText(_directory["out/journal.jsonl"], "{\"session\":\n{}\n");
        Segment("in", "--resume").Refused("line 1", "journal.jsonl", "damaged");
        Assert.Equal(0, Segment("in").Exit);
    }

    [Fact]
    public void A_full_disk_is_one_line_without_a_partial_file()
    {
        string small = _directory["small"];
        Directory.CreateDirectory(small);
        Assert.SkipUnless(
            OperatingSystem.IsLinux()
                && Command("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small), "no file system of 64 KiB can be mounted");
        try
        {
            Images.Write(_directory, "in", [.. Enumerable.Range(0, 20).Select(i => $"p{i}.png")]);
            Run run = Lungseg.Run("segment", _directory["in"], "-o", small, "--size", "128");
            Assert.InRange(run.Exit, 1, 2);
            Assert.Contains("stopped, as the disk is full", run.Error);
            Assert.Contains("no space is left on the disk", run.Error);
            Assert.Contains("of 20 images remain: run the same command with --resume to continue", run.Error);
            Assert.DoesNotContain(Files("small"), file => file.EndsWith(".tmp", StringComparison.Ordinal));
            // The journal may be what found no space: an image that it lacks is done again.
            int done = File.ReadLines(Path.Combine(small, "journal.jsonl"))
                .Count(line => line.Contains(".mask.png\"", StringComparison.Ordinal));
            foreach (string mask in Files("small").Where(file => file.EndsWith(".png", StringComparison.Ordinal)))
                LungSeg.Imaging.ImageReader.Read(Path.Combine(small, mask));

            Assert.True(Command("mount", "-o", "remount,size=16m", small));
            run = Lungseg.Run("segment", _directory["in"], "-o", small, "--size", "128", "--resume");
            Assert.Equal(0, run.Exit);
            Assert.Contains($"{done} of 20 images are already finished, and their outputs are unchanged", run.Error);
        }
        finally
        {
            Command("umount", small);
        }
    }

    [Fact]
    public void Names_that_are_no_text_and_links_that_lead_nowhere_are_told_as_such()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "names are Unicode there");
        Images.Write(_directory, "in", "a.png");
        File.CreateSymbolicLink(_directory["in/link.png"], "nowhere");
        Assert.True(Command("sh", "-c", $"cp '{_directory["in/a.png"]}' \"{_directory["in"]}/$(printf 'b\\377.png')\" && mkdir "
            + $"\"{_directory["in"]}/$(printf 'c\\377')\""));
        Run run = Segment("in");
        Assert.Equal(1, run.Exit);
        Assert.Contains("3 of 4 images failed", run.Error);
        Assert.Contains("b\uFFFD.png: cannot be opened: its name holds bytes that are not UTF-8", run.Error);
        Assert.Contains("c\uFFFD: the folder cannot be listed: its name holds bytes that are not UTF-8", run.Error);
        Assert.Contains("link.png: the link leads to 'nowhere', and there is no such file", run.Error);
        // As .NET cannot.
        Command("rm", "-r", _directory["in"]);
    }

    [Fact]
    public void An_output_that_cannot_be_written_stops_the_run_in_one_line_and_loses_nothing()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "no /dev/full");
        Images.Write(_directory, "in", [.. Enumerable.Range(0, 9).Select(i => $"p{i}.png")]);
        foreach (string input in (string[])["in", "in/p0.png"])
        {
            string command = $"exec dotnet exec '{Path.Combine(AppContext.BaseDirectory, "lungseg.dll")}' segment '{_directory[input]}' "
                + $"-o '{_directory["out"]}' --size 128 > /dev/full";
            var start = new ProcessStartInfo("sh", ["-c", command]) { RedirectStandardError = true };
            using Process process = Process.Start(start)!;
            string error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.Equal(1, process.ExitCode);
            Assert.Contains("lungseg: stopped, as the disk is full: No space left on device", error);
        }
        Assert.Contains("of 9 images are already finished", Segment("in", "--resume").Error);
    }

    [Fact]
    public void On_a_terminal_there_is_a_bar_with_rate_and_time_and_no_line_for_each_image()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "no 'script' to make a terminal with");
        Images.Write(_directory, "in", [.. Enumerable.Range(0, 30).Select(i => $"p{i}.png")]);
        string command = $"dotnet exec {Path.Combine(AppContext.BaseDirectory, "lungseg.dll")} segment {_directory["in"]} -o "
            + $"{_directory["out"]} --size 256";
        var start = new ProcessStartInfo("/usr/bin/script", ["-qec", command, "/dev/null"])
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        };
        start.Environment["TERM"] = "xterm-256color";
        using Process process = Process.Start(start)!;
        string screen = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Contains("images/s", screen);
        Assert.Contains(" of 30", screen);
        Assert.DoesNotContain("p7.png", screen);
    }

    private Run Segment(string input, params string[] more) =>
        Lungseg.Run(["segment", _directory[input], "-o", _directory["out"], "--size", "128", .. more]);

    private string[] Files(string folder) =>
    [
        .. _directory.Files
            .Where(file => file.StartsWith($"{folder}/", StringComparison.Ordinal))
            .Select(file => file[(folder.Length + 1)..])
            .Where(file => file != DirectoryLock.Name),
    ];

    // The journal tells of times and dates.
    private Dictionary<string, string> Hashes(string folder) =>
        Files(folder).Where(file => file != "journal.jsonl").ToDictionary(
            file => file, file => Sha256.TextOf(File.ReadAllBytes(_directory[$"{folder}/{file}"])));

    private static bool Command(string name, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(name, arguments) { RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
