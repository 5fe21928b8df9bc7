using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace LungSeg.Cli.Tests;

/// <summary>Dependencies point one way, as docs/architecture.md says: between projects, between namespaces, between commands.</summary>
public sealed partial class DependencyTests
{
    private static readonly string Source = Repository.PathOf("src");

    [Theory]
    [InlineData("IO")]
    [InlineData("Kernels")]
    [InlineData("MachineCode")]
    [InlineData("Engine", "IO")]
    [InlineData("Imaging", "IO")]
    [InlineData("Models", "Engine", "Imaging")]
    [InlineData("Extensions", "Models")]
    [InlineData("Cli", "Models")]
    [InlineData("Server", "Cli")]
    [InlineData("Native", "Models")]
    public void A_project_sees_only_what_is_below_it(string project, params string[] expected)
    {
        string folder = Path.Combine(Source, project);
        string[] found = [.. XDocument.Load(Path.Combine(folder, $"{project}.csproj")).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')))];
        Assert.Equal(expected, found);
        foreach (string file in Files(folder))
        {
            IEnumerable<string> others = Directory.GetDirectories(Source).Select(path => Path.GetFileName(path)!);
            // The activations' numbers lie with the kernels and are compiled into both, in the engine's namespace.
            string code = project == "Kernels" ? Code(file).Replace("LungSeg.Engine.Ops", "", StringComparison.Ordinal) : Code(file);
            foreach (string other in others.Where(other => other != project && !Below(project).Contains(other)))
                Assert.False(Regex.IsMatch(code, $@"\bLungSeg\.{other}\b"), $"{file} names LungSeg.{other}");
        }
    }

    [Theory]
    [InlineData("Engine/Ops", "Engine.Backends", "Engine.Passes", "Engine.Nn")]
    [InlineData("Engine/Passes", "Engine.Backends")]
    [InlineData("Engine/Nn", "Engine.Backends")]
    [InlineData("Engine/Weights", "Engine.Backends")]
    [InlineData("Engine/Backends/Reference", "Engine.Backends.Cpu", "Engine.Backends.Cuda")]
    [InlineData("Engine/Backends/Cpu", "Engine.Backends.Cuda")]
    [InlineData("Engine/Backends/Cuda", "Engine.Backends.Cpu")]
    [InlineData("Imaging/Codecs", "Imaging.Dicom", "Imaging.Outputs", "Imaging.Evaluation")]
    [InlineData("Imaging/Evaluation", "Imaging.Synthesis", "Imaging.Dicom", "Imaging.Outputs")]
    [InlineData("Cli/Inputs", "Cli.Journals", "Cli.Reports", "Cli.Runs")]
    [InlineData("Cli/Journals", "Cli.Reports", "Cli.Runs")]
    [InlineData("Cli/Reports", "Cli.Runs")]
    public void A_namespace_does_not_see_those_above_it(string folder, params string[] forbidden)
    {
        foreach (string file in Files(Path.Combine(Source, folder)))
            foreach (string name in forbidden) Assert.False(Code(file).Contains($"LungSeg.{name}"), $"{file} names LungSeg.{name}");
    }

    /// <summary>Namespaces that name each other, directly or through others.</summary>
    [Fact]
    public void Namespaces_make_no_circles()
    {
        var uses = new Dictionary<string, HashSet<string>>();
        foreach (string file in Files(Source))
        {
            string text = File.ReadAllText(file);
            if (Namespace().Match(text) is not { Success: true } here) continue;
            if (!uses.TryGetValue(here.Groups[1].Value, out HashSet<string>? seen)) uses[here.Groups[1].Value] = seen = [];
            foreach (Match match in Using().Matches(text)) seen.Add(match.Groups[1].Value);
        }
        Dictionary<string, HashSet<string>> reach = uses.Keys.ToDictionary(name => name, Reach);
        string[] circles = [.. uses.Keys.Where(name => reach[name].Contains(name))
            .Select(name => string.Join(' ', uses.Keys.Where(other => Meet(name, other)).Order(StringComparer.Ordinal)))
            .Distinct()];
        Assert.Empty(circles);

        bool Meet(string one, string other) => reach[one].Contains(other) && reach[other].Contains(one);

        HashSet<string> Reach(string from)
        {
            HashSet<string> reached = [];
            var open = new Stack<string>([from]);
            while (open.TryPop(out string? name))
            {
                foreach (string next in uses.GetValueOrDefault(name, []))
                    if (reached.Add(next)) open.Push(next);
            }
            return reached;
        }
    }

    // A namespace sees those around it without a using: what stands at the top of the command line must not look down.
    [Fact]
    public void What_all_commands_share_sees_no_command()
    {
        string[] entries = ["Program.cs", "NativeEntry.cs"];
        string[] shared =
            [.. Directory.GetFiles(Path.Combine(Source, "Cli"), "*.cs").Where(file => !entries.Contains(Path.GetFileName(file)))];
        Assert.True(shared.Length > 10);
        Assert.All(shared, file => Assert.DoesNotContain("LungSeg.Cli.", Code(file)));
        string[] others =
            [.. Directory.GetDirectories(Path.Combine(Source, "Cli")).Where(folder => Path.GetFileName(folder) != "Commands")];
        Assert.All(others.SelectMany(Files), file => Assert.DoesNotContain("LungSeg.Cli.Commands", Code(file)));
    }

    [Fact]
    public void Commands_do_not_call_each_other()
    {
        string[] files = Directory.GetFiles(Path.Combine(Source, "Cli", "Commands"), "*Command.cs");
        Assert.True(files.Length > 10);
        foreach (string file in files)
        {
            string text = File.ReadAllText(file);
            foreach (string other in files.Where(other => other != file).Select(other => Path.GetFileNameWithoutExtension(other)))
                Assert.False(Regex.IsMatch(text, $@"(?<![\w.""]){other}\b"), $"{file} names {other}");
        }
    }

    private static string[] Below(string project) => project switch
    {
        "Cli" or "Native" => ["IO", "Engine", "Imaging", "Models", "Kernels", "MachineCode"],
        // The service shares the command line's options and messages.
        "Server" => ["IO", "Engine", "Imaging", "Models", "Cli"],
        "Extensions" => ["IO", "Engine", "Imaging", "Models"],
        "Models" => ["IO", "Engine", "Imaging", "Kernels", "MachineCode"],
        // The host's side of a kernel is compiled from the kernel's own parameters.
        "Engine" => ["IO", "Kernels", "MachineCode"],
        // AtomicFile is compiled into the tools.
        "Imaging" or "Kernels" or "MachineCode" => ["IO"],
        _ => [],
    };

    /// <summary>A file without the lines that are comments, which may speak of anything.</summary>
    private static string Code(string file) =>
        string.Join('\n', File.ReadLines(file).Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal)));

    private static IEnumerable<string> Files(string folder) => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
        .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}"));

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"^using (?:static )?(LungSeg[\w.]*);", RegexOptions.Multiline)]
    private static partial Regex Using();
}
