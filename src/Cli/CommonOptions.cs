using System.CommandLine;
using System.Globalization;
using LungSeg.Models;

namespace LungSeg.Cli;

/// <summary>Options that several commands have, with checks that say what was expected and what was found.</summary>
internal static class CommonOptions
{
    /// <summary>The word of <c>--contrast</c> for leaving the contrast as it is.</summary>
    public const string Off = "off";

    /// <summary>The word of <c>--labels</c> for taking all labels of a mask.</summary>
    public const string Union = "union";

    /// <summary>The keys of the nine networks.</summary>
    public static string[] NetworkKeys { get; } = [.. Architectures.All.Select(network => network.Key)];

    /// <summary><c>--network</c>.</summary>
    public static Option<string?> Network() => new("--network")
    {
        Description = $"One of {string.Join(", ", NetworkKeys)}",
        HelpName = "KEY",
        CompletionSources = { NetworkKeys },
    };

    /// <summary><c>--weights</c>.</summary>
    public static Option<string?> Weights(string description) => new("--weights") { Description = description, HelpName = "FILE" };

    /// <summary><c>--json</c>.</summary>
    public static Option<bool> Json() => new("--json") { Description = "Write JSON" };

    /// <summary><c>--threshold</c>, 0.5 by default.</summary>
    public static Option<double?> Threshold() =>
        Number("--threshold", "Probability above which a pixel counts as lung; default: 0.5", 0, 1);

    /// <summary><c>--size</c>; 0 where it is not given.</summary>
    public static Option<int> Size() =>
        Whole("--size", "Height and width of the network's input; default: the network's own", 1, 8192, 0);

    /// <summary><c>--contrast</c>: whether images of low contrast are stretched.</summary>
    public static Option<string> Contrast() => Choice(
        "--contrast", "An image that uses less than a tenth of its range: stretch it for the network (auto) or not (off)",
        "auto", "auto", Off);

    /// <summary><c>--labels</c>: how a mask with more than two values is read.</summary>
    public static Option<string> Labels() => Choice(
        "--labels", "A mask with several labels, such as 0, 127 and 255: refuse it, or count all labels except 0 as lung (union)",
        "refuse", "refuse", Union);

    /// <summary>
    /// An integer from <paramref name="minimum"/> to <paramref name="maximum"/>; a default of 0 means that other things decide.
    /// </summary>
    public static Option<int> Whole(string name, string description, int minimum, int maximum, int defaultValue) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = defaultValue == 0 ? null : _ => defaultValue,
        CustomParser = result =>
        {
            string text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
            if (IsWhole(text, minimum, maximum, out int value)) return value;
            result.AddError($"{name}: expected a whole number from {minimum} to {maximum}, found '{text}'");
            return defaultValue;
        },
    };

    /// <summary>
    /// Integers from <paramref name="minimum"/> to <paramref name="maximum"/>, separated by commas; null where not given.
    /// </summary>
    public static Option<IReadOnlyList<int>?> Wholes(string name, string description, int minimum, int maximum) => new(name)
    {
        Description = description,
        HelpName = "N[,N…]",
        CustomParser = result =>
        {
            string text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
            List<int> values = [];
            foreach (string part in text.Split(','))
            {
                if (IsWhole(part, minimum, maximum, out int value)) values.Add(value);
                else result.AddError($"{name}: expected whole numbers from {minimum} to {maximum}, separated by commas, found '{text}'");
            }
            return values;
        },
    };

    /// <summary>A number from <paramref name="minimum"/> to <paramref name="maximum"/>; null where not given.</summary>
    public static Option<double?> Number(string name, string description, double minimum, double maximum) => new(name)
    {
        Description = description,
        HelpName = "X",
        CustomParser = result =>
        {
            string text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
            bool isNumber = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value);
            if (isNumber && value >= minimum && value <= maximum) return value;
            result.AddError($"{name}: expected a number from {minimum} to {maximum}, found '{text}'");
            return null;
        },
    };

    /// <summary>One of a few words.</summary>
    public static Option<string> Choice(string name, string description, string defaultValue, params string[] words) => new(name)
    {
        Description = description,
        HelpName = string.Join('|', words),
        DefaultValueFactory = _ => defaultValue,
        CompletionSources = { words },
        CustomParser = result =>
        {
            string text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
            if (words.Contains(text)) return text;
            result.AddError($"{name}: expected {string.Join(" or ", words)}, found '{text}'");
            return defaultValue;
        },
    };

    /// <summary>The first of some options that was given; null if none was.</summary>
    public static Option? Given(ParseResult parsed, params ReadOnlySpan<Option> options)
    {
        foreach (Option option in options)
        {
            if (parsed.GetResult(option) is { Implicit: false }) return option;
        }
        return null;
    }

    private static bool IsWhole(string text, int minimum, int maximum, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= minimum && value <= maximum;
}

/// <summary>
/// <c>--mode</c>: our own steps or the study's. Its name and words in 0.1.0, <c>--compat fixed|upstream</c>, work in this version too.
/// </summary>
internal sealed class ModeChoice
{
    private const string Native = "native", Study = "study", Fixed = "fixed", Upstream = "upstream";

    private readonly Option<string> _mode = CommonOptions.Choice(
        "--mode", "native: a mask of the image's own size; study: the study's own steps bit for bit, with a mask of 512 x 512 pixels",
        Native, Native, Study);

    private readonly Option<string> _compat = CommonOptions.Choice("--compat", "The former name of --mode", Fixed, Fixed, Upstream);

    public ModeChoice() => _compat.Hidden = true;

    /// <summary>The option, and its former name.</summary>
    public IReadOnlyList<Option> All => [_mode, _compat];

    public void AddTo(Command command)
    {
        foreach (Option option in All) command.Options.Add(option);
    }

    /// <summary>The mode that was chosen; throws <see cref="UsageException"/> where both names of the option are given.</summary>
    public SegmentationMode Read(ParseResult parsed)
    {
        bool former = CommonOptions.Given(parsed, _compat) is not null;
        if (former && CommonOptions.Given(parsed, _mode) is not null)
            throw new UsageException("--compat is the former name of --mode: give --mode alone");
        return parsed.GetRequiredValue(former ? _compat : _mode) is Study or Upstream ? SegmentationMode.Study : SegmentationMode.Native;
    }

    /// <summary>The word of a mode.</summary>
    public static string WordOf(SegmentationMode mode) => mode == SegmentationMode.Study ? Study : Native;
}
