using LungSeg.Engine.Weights;

namespace LungSeg.Models;

/// <summary>Tells which network a checkpoint is for, by its keys and dimensions alone.</summary>
internal static class Recognition
{
    private const int Shown = 10;

    /// <summary>
    /// The network of a checkpoint: one of the nine, or another one of the library. Throws <see cref="WeightException"/> with the
    /// differences from the nearest if there is none.
    /// </summary>
    /// <param name="checkpoint">The weights by the file's keys.</param>
    /// <param name="given">
    /// What names and shapes cannot tell; null for nothing. With any of it the network is taken for one of the library's, not for one of
    /// the nine.
    /// </param>
    public static Architecture Of(StateDict checkpoint, CheckpointOptions? given = null)
    {
        if (checkpoint.Count == 0) throw new WeightException("the checkpoint holds no weights");
        given ??= CheckpointOptions.None;
        StateDict weights = LibraryNames.Find(checkpoint).Weights;
        if (given.IsEmpty && Architectures.All.FirstOrDefault(architecture =>
            Differences(weights, architecture).Count == 0) is Architecture study)
            return study;
        if (NetworkInference.Of(weights, given) is not Network network)
        {
            throw new WeightException(
                "the weights fit none of the nine networks, nor another one of segmentation_models_pytorch: expected an encoder, a decoder "
                    + "and a segmentation head by its names, "
                + $"found {string.Join(", ", checkpoint.Take(3).Select(parameter => parameter.Key))} and "
                + $"{Math.Max(checkpoint.Count - 3, 0)} others");
        }
        var found = new Architecture(network, given);
        given.Check(network);
        List<string> differences = Differences(weights, found);
        if (differences.Count == 0) return found;
        // One of the nine with something missing or left over is told by its own name.
        Architecture nearest = Architectures.All.FirstOrDefault(
            study => given.IsEmpty && study.Decoder == network.Architecture && study.Encoder == network.Encoder) ?? found;
        differences = Differences(weights, nearest);
        if (OtherNorm(weights, found) is { } norm)
        {
            throw new WeightException($"the decoder of this {found.Name} has the norm '{norm}' (decoder_use_norm): batchnorm and identity "
                + "are supported, since of no other there was an output of the library to compare with");
        }
        string more = differences.Count > Shown ? $" (and {differences.Count - Shown} more)" : "";
        throw new WeightException(
            $"the weights fit no network; the nearest is {nearest.Name} ({nearest.Key}, encoder {nearest.Encoder}) "
            + $"with {differences.Count} differences: {string.Join("; ", differences.Take(Shown))}{more}");
    }

    // A layer norm has weights and no statistics; an instance norm has nothing, and the convolution before it no bias.
    private static string? OtherNorm(StateDict weights, Architecture found)
    {
        StateDict fitting = LibraryNames.Fitting(weights, found);
        string[] missing = [.. found.Layout.Where(entry => entry.IsRead && !fitting.TryGet(entry.Key, out _)).Select(entry => entry.Key)];
        if (missing.Length == 0 || !missing.All(key => key.StartsWith("decoder.", StringComparison.Ordinal))) return null;
        if (AllEnd(".running_mean", ".running_var")) return "layernorm";
        return !found.Options.DecoderNorm && AllEnd(".bias") ? "instancenorm" : null;

        bool AllEnd(params string[] ends) => missing.All(key => ends.Any(end => key.EndsWith(end, StringComparison.Ordinal)));
    }

    // Another shape comes first: it says most. What the network never reads may be missing.
    private static List<string> Differences(StateDict stateDict, Architecture architecture)
    {
        stateDict = LibraryNames.Fitting(stateDict, architecture);
        List<string> misshapen = [], missing = [];
        HashSet<string> known = new(architecture.Layout.Count, StringComparer.Ordinal);
        foreach (LayoutEntry entry in architecture.Layout)
        {
            known.Add(entry.Key);
            if (!stateDict.TryGet(entry.Key, out Parameter? found))
            {
                if (entry.IsRead) missing.Add($"{entry}: missing");
            }
            else if (!found.Dims.SequenceEqual(entry.Dims))
            {
                misshapen.Add($"{entry.Key}: expected [{string.Join(", ", entry.Dims)}], found [{string.Join(", ", found.Dims)}]");
            }
        }
        return [.. misshapen, .. missing, .. stateDict.Where(p => !known.Contains(p.Key)).Select(p => $"{p}: not part of the network")];
    }
}
