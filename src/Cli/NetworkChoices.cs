using System.CommandLine;

namespace LungSeg.Cli;

/// <summary>What a checkpoint does not say about its network: <c>--option</c>, and <c>--part</c> where it holds several copies.</summary>
internal sealed class NetworkChoices
{
    private readonly Option<string[]> _options = new("--option")
    {
        Description = "What the weights do not say about their network, by the names of segmentation_models_pytorch, such as "
            + "activation=none or encoder_output_stride=8; also mean, std, input_range, input_space and input_size. Repeat for more",
        HelpName = "NAME=VALUE",
        Arity = ArgumentArity.ZeroOrMore,
        DefaultValueFactory = _ => [],
    };

    private readonly Option<string?> _part = new("--part")
    {
        Description = "Which of several copies in a checkpoint to use, such as ema",
        HelpName = "NAME",
    };

    public void AddTo(Command command)
    {
        command.Add(_options);
        command.Add(_part);
    }

    /// <summary>Names and values; throws <see cref="UsageException"/> for anything else.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Options(ParseResult parsed) =>
    [
        .. (parsed.GetValue(_options) ?? []).Select(text => text.Split('=', 2) is [{ Length: > 0 } name, string value]
            ? new KeyValuePair<string, string>(name, value)
            : throw new UsageException($"--option: expected NAME=VALUE, such as activation=none, found '{text}'")),
    ];

    public string? Part(ParseResult parsed) => parsed.GetValue(_part);

    /// <summary>The first of both that was given; null if none was.</summary>
    public Option? Given(ParseResult parsed) => CommonOptions.Given(parsed, _options, _part);
}
