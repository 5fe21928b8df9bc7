using LungSeg.IO;

namespace LungSeg.Cli.Journals;

/// <summary>
/// What outputs depend on besides the image, by name. The number of threads is not included, because it changes no bit; nor is the
/// processor's model, which changes the last bits of probabilities where it has no fused multiply-add: a run may continue on another
/// machine, and its sessions name both.
/// </summary>
internal sealed class RunSettings(IReadOnlyDictionary<string, string> values)
{
    public IReadOnlyDictionary<string, string> Values => values;

    /// <summary>A hash that identifies the settings.</summary>
    public string Fingerprint { get; } = Hash(values);

    public static string Hash(IReadOnlyDictionary<string, string> values)
    {
        string text = string.Concat(values.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}\n"));
        return Sha256.TextOf(text);
    }

    /// <summary>The differences in words, such as "threshold: 0.5 before, 0.6 now".</summary>
    public static string Difference(
        IReadOnlyDictionary<string, string> one, IReadOnlyDictionary<string, string> other, string inOne, string inOther) =>
        string.Join("; ", one.Keys
            .Union(other.Keys)
            .Where(name => one.GetValueOrDefault(name) != other.GetValueOrDefault(name))
            .Select(name => $"{name}: {one.GetValueOrDefault(name, "none")} {inOne}, {other.GetValueOrDefault(name, "none")} {inOther}"));
}
