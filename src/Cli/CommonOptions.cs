using System.CommandLine;
using System.Globalization;
using LungSeg.Models;

namespace LungSeg.Cli;

/// <summary>Options that several commands have, with checks that say what was expected.</summary>
internal static class CommonOptions
{
    /// <summary>The keys of the nine networks.</summary>
    public static string[] NetworkKeys { get; } = [.. Architectures.All.Select(network => network.Key)];

    public static Option<string?> Network() => new("--network")
    {
        Description = $"One of {string.Join(", ", NetworkKeys)}",
        HelpName = "KEY",
        CompletionSources = { NetworkKeys },
    };

    public static Option<string?> Weights(string description) => new("--weights") { Description = description, HelpName = "FILE" };

    public static Option<bool> Json() => new("--json") { Description = "Write JSON" };

    /// <summary>A whole number from <paramref name="least"/> to <paramref name="most"/>; a standard of 0 stands for one that depends on other things.</summary>
    public static Option<int> Whole(string name, string description, int least, int most, int standard) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = standard == 0 ? null : _ => standard,
        CustomParser = result =>
        {
            string text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most) return value;
            result.AddError($"{name}: expected a whole number from {least} to {most}, found '{text}'");
            return standard;
        },
    };

    /// <summary>Whole numbers from <paramref name="least"/> to <paramref name="most"/>, separated by commas; null if it is not given.</summary>
    public static Option<IReadOnlyList<int>?> Wholes(string name, string description, int least, int most) => new(name)
    {
        Description = description,
        HelpName = "N[,N…]",
        CustomParser = result =>
        {
            string text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
            List<int> values = [];
            foreach (string part in text.Split(','))
            {
                if (int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most) values.Add(value);
                else result.AddError($"{name}: expected whole numbers from {least} to {most} with commas between, found '{text}'");
            }
            return values;
        },
    };

    /// <summary>A number from <paramref name="least"/> to <paramref name="most"/>; null if it is not given.</summary>
    public static Option<double?> Number(string name, string description, double least, double most) => new(name)
    {
        Description = description,
        HelpName = "X",
        CustomParser = result =>
        {
            string text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value >= least && value <= most) return value;
            result.AddError($"{name}: expected a number from {least} to {most}, found '{text}'");
            return null;
        },
    };

    /// <summary>Our own way or the study's.</summary>
    public static Option<string> Mode() => Choice(
        "--mode", "native: a mask on the image's own pixels; study: the study's own steps bit for bit, 512 x 512 mask", "native", "native", "study");

    /// <summary>The word of <c>--contrast</c> for leaving it alone.</summary>
    public const string Off = "off";

    /// <summary><c>--contrast</c>: whether images of low contrast are stretched.</summary>
    public static Option<string> Contrast() => Choice(
        "--contrast", "An image that uses under a tenth of its range: stretch it for the network (auto), or leave it alone (off)", "auto", "auto", Off);

    /// <summary>The word of <c>--labels</c> for taking all labels of a mask.</summary>
    public const string Union = "union";

    /// <summary><c>--labels</c>: what becomes of a mask with more than two values.</summary>
    public static Option<string> Labels() => Choice(
        "--labels", "A mask of several labels, such as 0, 127 and 255: refuse it, or take all that is not 0 for lung (union)", "refuse", "refuse", Union);

    /// <summary>The first of some options that was given; null if none was.</summary>
    public static Option? Given(ParseResult parsed, params ReadOnlySpan<Option> options)
    {
        foreach (Option option in options)
        {
            if (parsed.GetResult(option) is { Implicit: false }) return option;
        }
        return null;
    }

    /// <summary>One of a few words.</summary>
    public static Option<string> Choice(string name, string description, string standard, params string[] words) => new(name)
    {
        Description = description,
        HelpName = string.Join('|', words),
        DefaultValueFactory = _ => standard,
        CompletionSources = { words },
        CustomParser = result =>
        {
            string text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
            if (words.Contains(text)) return text;
            result.AddError($"{name}: expected {string.Join(" or ", words)}, found '{text}'");
            return standard;
        },
    };
}
