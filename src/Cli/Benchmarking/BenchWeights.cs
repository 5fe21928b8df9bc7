using LungSeg.Engine.Weights;
using LungSeg.Models;

namespace LungSeg.Cli.Benchmarking;

/// <summary>The weights that a network is timed with: those of the weights folder, or synthetic ones where none are there.</summary>
internal static class BenchWeights
{
    public static (IWeightSource Weights, string Name) Of(Architecture network)
    {
        string? file = WeightsFolder.Default.TryFind(network);
        return file is null ? (new SyntheticWeights(), "synthetic") : (new StrictWeights(Checkpoint.Read(file)), Path.GetFileName(file));
    }
}
