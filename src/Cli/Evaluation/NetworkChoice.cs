using LungSeg.Models;

namespace LungSeg.Cli.Evaluation;

/// <summary>Which networks are evaluated.</summary>
/// <param name="Asked">In order; a null stands for the network that the weights file is for.</param>
/// <param name="Missing">What <c>all</c> leaves out, as there are no weights.</param>
internal sealed record NetworkChoice(IReadOnlyList<Architecture?> Asked, IReadOnlyList<Architecture> Missing)
{
    /// <summary>Every network that has weights.</summary>
    public const string All = "all";

    /// <summary>Reads keys by comma. A network that is named and has no weights is an error, before any work is done.</summary>
    public static NetworkChoice Of(IEnumerable<string> words, string? weights)
    {
        string[] keys = [.. words.SelectMany(word => word.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).Distinct()];
        if (weights is not null && (keys.Length > 1 || keys.Contains(All)))
            throw new UsageException("--weights names one network's file: name one network, or none");
        if (weights is not null) return new NetworkChoice([keys.Length == 0 ? null : Architectures.Get(keys[0])], []);
        WeightsFolder folder = WeightsFolder.Default;
        if (!keys.Contains(All))
        {
            Architecture[] named = keys.Length == 0 ? [Architectures.Get(NetworkWeights.DefaultNetwork)] : [.. keys.Select(Architectures.Get)];
            foreach (Architecture network in named) folder.Find(network);
            return new NetworkChoice(named, []);
        }
        ILookup<bool, Architecture> found = Architectures.All.ToLookup(network => folder.TryFind(network) is not null);
        if (!found[true].Any()) throw new UsageException($"there are no weights of any network in '{folder.Path}'");
        return new NetworkChoice([.. found[true]], [.. found[false]]);
    }
}
