using System.CommandLine;
using System.Text.RegularExpressions;
using LungSeg.Cli.Commands;

namespace LungSeg.Cli.Tests;

/// <summary>What the program says of itself.</summary>
public sealed partial class HelpTests
{
    private static readonly RootCommand Program = Root.Create([]);

    public static TheoryData<string> Commands => [.. All(Program).Select(CliCommand.PathOf)];

    [Theory, MemberData(nameof(Commands))]
    public void Every_command_shows_its_options_and_examples_that_it_understands(string path)
    {
        string[] words = path.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string help = Lungseg.Run([.. words, "--help"]).Succeeded().Output;
        Command command = All(Program).Single(command => CliCommand.PathOf(command) == path);
        IReadOnlyList<Example> examples = (command as CliCommand)?.Examples ?? Root.Examples;
        Assert.True(examples.Count > 0, $"'{path}' has no example");
        foreach (string note in (command as CliCommand)?.Notes ?? []) Assert.Contains(note[..40], help);
        foreach (Example example in examples)
        {
            Assert.Contains(example.Line, help);
            Assert.Contains(example.Meaning, help);
            string[] args = Words(example.Line);
            ParseResult parsed = Program.Parse(args, CommandLine.Parsing);
            Assert.True(UsageFault.Of(parsed) is null, $"{example.Line}: {UsageFault.Of(parsed)}");
            bool shows = path.Length == 0 || path == args[0] || path == CliCommand.PathOf(parsed.CommandResult.Command);
            Assert.True(shows, $"{example.Line} does not show {path}");
        }
        Assert.DoesNotContain("LungSeg.", help);
    }

    [Fact]
    public void The_page_of_all_commands_is_what_the_program_says()
    {
        string page = Lungseg.Process(["[document]"]).Succeeded().Output.ReplaceLineEndings("\n");
        string kept = File.ReadAllText(Repository.PathOf("docs", "commands.md")).ReplaceLineEndings("\n");
        Assert.True(page == kept, "docs/commands.md is out of date; write it anew with: dotnet run -c Release --project src/Cli -- "
            + "'[document]' > docs/commands.md");
        foreach (Command command in All(Program).Where(command => command != Program))
        {
            Assert.Contains($"## {CliCommand.PathOf(command)}\n", page);
            foreach (Option option in command.Options.Where(option => option is not System.CommandLine.Help.HelpOption && !option.Hidden))
                Assert.Contains($"`{option.Name}`", page);
        }
    }

    [Fact]
    public void A_command_line_makes_the_command_that_it_names_and_no_other()
    {
        foreach (Command command in Program.Subcommands)
            Assert.Equal(command.Name, Assert.Single(Root.Create([command.Name, "--help"]).Subcommands).Name);
        Assert.Equal(Program.Subcommands.Count, Root.Create(["segmnt"]).Subcommands.Count);
    }

    [Fact]
    public void The_program_s_help_tells_environment_and_exit_codes()
    {
        string help = Lungseg.Run("--help").Succeeded().Output;
        foreach (string word in (string[])["LUNGSEG_WEIGHTS", "LUNGSEG_DEVICE", "NO_COLOR", "130"]) Assert.Contains(word, help);
    }

    [Fact]
    public void The_version_tells_commit_runtime_and_instruction_sets()
    {
        string[] lines = Lungseg.Run("--version").Succeeded().Output.Split(Environment.NewLine);
        Assert.Matches(@"^lungseg \d+\.\d+\.\d+( \([0-9a-f]{12}\))?$", lines[0]);
        Assert.Matches(@"^runtime +\.NET 10\.", lines[1]);
        Assert.Contains("Vector128", lines[2]);
        Assert.Matches(@"^GPU kernels +\d+ for sm_60 and later", lines[3]);
    }

    [Theory]
    [InlineData("did you mean 'segment'", "segmnt")]
    [InlineData("did you mean 'list'", "weights", "lst")]
    [InlineData("did you mean '--network'", "segment", "x.png", "--netwrok", "pan")]
    [InlineData("did you mean '--threads'", "bench", "--thread=3")]
    [InlineData("did you mean 'zsh'", "completion", "zhs")]
    [InlineData("expected one of list, verify, add", "weights")]
    [InlineData("lungseg segment --help", "segment")]
    public void A_mistyped_word_is_answered_with_the_nearest(string expected, params string[] args) => Lungseg.Run(args).Refused(expected);

    [Fact]
    public void A_file_that_is_not_there_is_answered_with_the_nearest_that_is()
    {
        string nearest = $"did you mean '{Repository.Sample}'?";
        Lungseg.Run("segment", Repository.Sample.Replace("radiograph", "radiogrpah")).Refused("no such file", nearest);
        Lungseg.Run("info", Repository.Pan.Replace("pan.", "pam.")).Refused("does not exist", $"did you mean '{Repository.Pan}'?");
        Lungseg.Run(Repository.Sample).Refused("expected a command", $"lungseg segment {Repository.Sample}");
        Run run = Lungseg.Run("segment", Repository.PathOf("samples", "completely-different.png"));
        Assert.DoesNotContain("did you mean", run.Error);
    }

    [Fact]
    public void The_environment_names_a_device_and_the_option_goes_before_it()
    {
        Lungseg.Process(["bench", "pan"], environment: [("LUNGSEG_DEVICE", "abacus")]).Refused("'abacus'", "LUNGSEG_DEVICE");
        Lungseg.Process(["weights", "list"], environment: [("LUNGSEG_DEVICE", "abacus")]).Succeeded();
        Run given = Lungseg.Process(["bench", "pan", "--device", "tally"], environment: [("LUNGSEG_DEVICE", "abacus")]);
        given.Refused("'tally'");
        Assert.DoesNotContain("abacus", given.Error);
    }

    private static IEnumerable<Command> All(Command command) => [command, .. command.Subcommands.SelectMany(All)];

    // What stands between the program's name and what belongs to the shell.
    private static string[] Words(string line) =>
        ShellPart().Replace(line[(line.IndexOf("lungseg", StringComparison.Ordinal) + "lungseg".Length)..], "")
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex(@"[)|>].*")]
    private static partial Regex ShellPart();
}
