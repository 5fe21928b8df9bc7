using LungSeg.Engine.Weights;

namespace LungSeg.Models;

/// <summary>A weights file and the network that it is for.</summary>
internal sealed record NetworkWeights(Architecture Network, string File, StateDict StateDict)
{
    /// <summary>The file's SHA-256 in lower-case hexadecimal, computed when it is first read.</summary>
    internal Lazy<string> Sha256 { get; init; } = new(() => WeightsHash.OfFile(File));

    /// <summary>The network that runs when nobody says which.</summary>
    public const string DefaultNetwork = "pan";

    /// <summary>
    /// Opens a weights file, or the one that the weights folder has for a network. A file names its network in its metadata or
    /// is recognised by its keys. Throws <see cref="WeightException"/> or <see cref="CheckpointException"/> with what to do.
    /// </summary>
    public static NetworkWeights Open(string? network, string? file)
    {
        if (file is null)
        {
            Architecture architecture = Architectures.Get(network ?? DefaultNetwork);
            string found = WeightsFolder.Default.Find(architecture);
            return new NetworkWeights(architecture, found, Checkpoint.Read(found));
        }
        return Of(network, file, Checkpoint.Read(file));
    }

    private static NetworkWeights Of(string? network, string name, ReadOnlyMemory<byte> bytes) => Of(network, name, Checkpoint.Read(bytes, name)) with
    {
        Sha256 = new Lazy<string>(() => LungSeg.IO.Sha256.TextOf(bytes.Span)),
    };

    private static NetworkWeights Of(string? network, string file, StateDict stateDict)
    {
        Architecture? wanted = network is null ? null : Architectures.Get(network);
        string? named = stateDict.Metadata.GetValueOrDefault("network");
        if (wanted is not null && named is not null && wanted.Key != named)
            throw new WeightException($"'{file}' holds weights of the network '{named}', not of '{wanted.Key}'");
        return new NetworkWeights(wanted ?? Of(stateDict, named), file, stateDict);
    }

    /// <summary>Opens the weights that the options name: a file, a stream, memory, or what the weights folder has.</summary>
    internal static NetworkWeights Open(LungSegmenterOptions options)
    {
        int sources = (options.WeightsFile is null ? 0 : 1) + (options.WeightsStream is null ? 0 : 1) + (options.WeightsMemory is null ? 0 : 1);
        if (sources > 1) throw new ArgumentException($"weights from a file, a stream or memory expected, {sources} of them found", nameof(options));
        if (options.WeightsStream is { } stream) return Of(options.Network, "(stream)", Checkpoint.ReadToEnd(stream, "(stream)"));
        if (options.WeightsMemory is { } memory) return Of(options.Network, "(memory)", memory);
        return Open(options.Network, options.WeightsFile);
    }

    private static Architecture Of(StateDict stateDict, string? named)
    {
        if (Architectures.All.FirstOrDefault(a => a.Key == named) is Architecture study) return study;
        if (!stateDict.Metadata.TryGetValue("architecture", out string? decoder) || !stateDict.Metadata.TryGetValue("encoder", out string? encoder))
            return Architectures.Recognise(stateDict);
        try
        {
            return new Architecture(new Network(decoder, encoder, NetworkOptionNames.Parse(stateDict.Metadata.GetValueOrDefault("options", ""))));
        }
        catch (ArgumentException e)
        {
            throw new WeightException($"the file's metadata name a network that there is not: {e.Message}");
        }
    }
}
