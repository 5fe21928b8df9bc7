using System.Globalization;

namespace LungSeg.Benchmarks;

/// <summary>A command line: words, and options that take a value each.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> _options = new(StringComparer.Ordinal);
    private readonly List<string> _words = [];

    public IReadOnlyList<string> Words => _words;

    public static Arguments Parse(IReadOnlyList<string> args, params ReadOnlySpan<string> options)
    {
        var result = new Arguments();
        for (int i = 0; i < args.Count; i++)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal)) result._words.Add(args[i]);
            else if (!options.Contains(args[i])) throw new UsageException($"unknown option '{args[i]}'");
            else if (++i == args.Count) throw new UsageException($"'{args[i - 1]}' needs a value");
            else result._options[args[i - 1]] = args[i];
        }
        return result;
    }

    public string? Text(string option) => _options.GetValueOrDefault(option);

    public double Number(string option, double defaultValue) =>
        Text(option) is not { } text ? defaultValue
        : double.TryParse(text, CultureInfo.InvariantCulture, out double value) && value > 0 ? value
        : throw new UsageException($"'{option}' takes a positive number, not '{text}'");

    public int[] Integers(string option, params int[] defaultValue) =>
        Text(option) is not { } text ? defaultValue : [.. text.Split(',', 'x').Select(part => Integer(option, part))];

    private static int Integer(string option, string text) =>
        int.TryParse(text, CultureInfo.InvariantCulture, out int value) && value > 0
            ? value
            : throw new UsageException($"'{option}' takes positive whole numbers, not '{text}'");
}

/// <summary>A command line that cannot be run.</summary>
internal sealed class UsageException(string message) : Exception(message);
