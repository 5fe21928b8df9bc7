using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Invocation;

namespace LungSeg.Cli.Help;

/// <summary>
/// <c>lungseg [complete] "TEXT"</c>, which the completion scripts call. TEXT is what was typed after the program's name, up to the
/// cursor. Each line of the answer is a possible word, a tab, and its meaning. There is no line where a file is expected.
/// </summary>
internal sealed class CompleteDirective : SynchronousCommandLineAction
{
    /// <summary>The directive's name.</summary>
    public const string Name = "complete";

    private readonly RootCommand _root;

    private CompleteDirective(RootCommand root) => _root = root;

    public override bool ClearsParseErrors => true;

    public static Directive For(RootCommand root) => new(Name) { Action = new CompleteDirective(root) };

    public override int Invoke(ParseResult parseResult)
    {
        string text = parseResult.UnmatchedTokens is [var typed, ..] ? typed : "";
        foreach (CompletionItem item in Complete(text))
        {
            string meaning = (item.Detail ?? "").ReplaceLineEndings(" ");
            parseResult.InvocationConfiguration.Output.WriteLine(meaning.Length == 0 ? item.Label : $"{item.Label}\t{meaning}");
        }
        return ExitCode.Done;
    }

    /// <summary>The words that can complete a text.</summary>
    public IEnumerable<CompletionItem> Complete(string text)
    {
        int start = text.LastIndexOf(' ') + 1, equals = text.IndexOf('=', start);
        string word = text[start..];
        bool joined = equals > 0 && word.StartsWith('-');
        // The parser does not complete the value in "--option=value".
        if (joined) (text, word) = ($"{text[..equals]} {text[(equals + 1)..]}", text[(equals + 1)..]);
        if (_root.Parse(text[..^word.Length], CommandLine.Parsing).UnmatchedTokens.Count > 0) return [];
        return _root.Parse(text, CommandLine.Parsing)
            .GetCompletions(text.Length)
            .Where(item => item.Label.StartsWith(word, StringComparison.Ordinal) && IsWanted(item.Label, word))
            .OrderBy(item => item.Label, StringComparer.Ordinal);
    }

    // An option only where a '-' was typed: an empty word may become a file, which the shell completes.
    private static bool IsWanted(string label, string word) =>
        label[0] != '/' && (label[0] != '-' || (word.StartsWith('-') && label.StartsWith("--", StringComparison.Ordinal)));
}
