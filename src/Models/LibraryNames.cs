using LungSeg.Engine.Weights;

namespace LungSeg.Models;

/// <summary>
/// A network's weights under the names that segmentation_models_pytorch gave them at first. Wrappers (torch.compile, DataParallel,
/// Lightning, weight averaging) put something in front of every key, training scripts save other tensors beside, and later versions of the
/// library renamed some modules.
/// </summary>
internal static class LibraryNames
{
    private static readonly string[] Roots = ["encoder.", "decoder.", "segmentation_head."];

    private static readonly string[] Parts = [.. Roots, "classification_head."];

    // The modules that the library's version 0.4 renamed.
    private static readonly (string New, string Old)[] DeepLabV3 =
        [("decoder.aspp.", "decoder.0."), ("decoder.conv.", "decoder.1."), ("decoder.bn.", "decoder.2.")];

    /// <summary>
    /// Finds the network in a checkpoint. Without one, the checkpoint is returned as it is. Throws <see cref="WeightException"/> if it
    /// holds several networks and <paramref name="part"/> names none of them, or one that is not there.
    /// </summary>
    /// <param name="checkpoint">The weights by the file's own keys.</param>
    /// <param name="part">What stands before the keys of the wanted network, such as <c>ema</c>; null where there is but one.</param>
    public static NetworkPart Find(StateDict checkpoint, string? part = null)
    {
        string[] prefixes = Prefixes(checkpoint);
        if (prefixes.Length == 0) return new NetworkPart(checkpoint, [], "");
        string prefix = Choose(prefixes, part);
        var weights = new List<Parameter>();
        var leftOut = new List<string>();
        foreach (Parameter parameter in checkpoint)
        {
            string key = parameter.Key;
            if (!key.StartsWith(prefix, StringComparison.Ordinal) || !IsOfPart(key.AsSpan(prefix.Length))) leftOut.Add(key);
            else weights.Add(prefix.Length == 0 ? parameter : parameter.WithKey(key[prefix.Length..]));
        }
        return new NetworkPart(
            new StateDict(Renamed(weights), checkpoint.Metadata) { Format = checkpoint.Format }, leftOut, prefix.TrimEnd('.'));
    }

    // What stands before all of encoder, decoder and head.
    private static string[] Prefixes(StateDict checkpoint)
    {
        // One bit for each root that stands behind the prefix.
        Dictionary<string, int> roots = [];
        foreach (Parameter parameter in checkpoint)
        {
            string key = parameter.Key;
            for (int i = 0; i < Roots.Length; i++)
            {
                for (int at = key.IndexOf(Roots[i], StringComparison.Ordinal); at >= 0;
                    at = key.IndexOf(Roots[i], at + 1, StringComparison.Ordinal))
                {
                    if (at == 0 || key[at - 1] == '.') roots[key[..at]] = roots.GetValueOrDefault(key[..at]) | 1 << i;
                }
            }
        }
        List<string> prefixes = [];
        foreach ((string prefix, int found) in roots)
        {
            if (found == (1 << Roots.Length) - 1) prefixes.Add(prefix);
        }
        prefixes.Sort(StringComparer.Ordinal);
        return [.. prefixes];
    }

    private static bool IsOfPart(ReadOnlySpan<char> key)
    {
        foreach (string part in Parts)
        {
            if (key.StartsWith(part)) return true;
        }
        return false;
    }

    private static string Choose(string[] prefixes, string? part)
    {
        if (part is null && prefixes.Length == 1) return prefixes[0];
        string names = string.Join(", ", prefixes.Select(prefix => prefix.Length == 0 ? "''" : $"'{prefix.TrimEnd('.')}'"));
        if (part is not null)
        {
            return prefixes.FirstOrDefault(prefix => prefix.TrimEnd('.') == part.TrimEnd('.'))
                ?? throw new WeightException($"the checkpoint has no network under '{part}': it has {names}");
        }
        throw new WeightException($"the checkpoint holds {prefixes.Length} networks, under {names}: choose one of these parts");
    }

    /// <summary>
    /// Weights by the names of a network's layout: timm's own encoders sit in a module of their own, and the library's before 0.4, which
    /// were copies of them, do not.
    /// </summary>
    public static StateDict Fitting(StateDict weights, Architecture network)
    {
        const string Inner = "encoder.model.";
        // The layout is looked at last: it takes another tracing of the network.
        if (!weights.Any(parameter => IsInner(parameter.Key)) || network.Layout.Any(entry => IsInner(entry.Key))) return weights;
        return new StateDict(
            weights.Select(parameter => IsInner(parameter.Key) ? parameter.WithKey($"encoder.{parameter.Key[Inner.Length..]}") : parameter),
            weights.Metadata)
        { Format = weights.Format };

        static bool IsInner(string key) => key.StartsWith(Inner, StringComparison.Ordinal);
    }

    private static IEnumerable<Parameter> Renamed(IReadOnlyList<Parameter> weights)
    {
        if (!weights.Any(parameter => parameter.Key.StartsWith("decoder.aspp.convs.", StringComparison.Ordinal))) return weights;
        return weights.Select(parameter =>
        {
            (string now, string old) = DeepLabV3.FirstOrDefault(pair => parameter.Key.StartsWith(pair.New, StringComparison.Ordinal));
            return now is null ? parameter : parameter.WithKey(old + parameter.Key[now.Length..]);
        });
    }
}

/// <summary>The network in a checkpoint.</summary>
/// <param name="Weights">Its weights by the library's first names.</param>
/// <param name="LeftOut">Keys of the checkpoint that belong to something else.</param>
/// <param name="Prefix">What stood before every key, without the last dot; empty for nothing.</param>
internal sealed record NetworkPart(StateDict Weights, IReadOnlyList<string> LeftOut, string Prefix);
