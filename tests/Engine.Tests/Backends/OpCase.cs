using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Passes;

namespace LungSeg.Engine.Tests.Backends;

/// <summary>A small graph for a backend to run, with seeded weights and input; as traced, so that the backend fuses it.</summary>
public sealed record OpCase(string Description, Graph Graph, int Seed, LoadOptions Options)
{
    /// <summary>The image, in NCHW order.</summary>
    public float[] Input(Shape shape) => RandomLayers.Values(Seed, "input", checked((int)shape.Count), -1, 1);

    public override string ToString() =>
        $"{Description} of {Graph.Input.Shape}, seed {Seed}"
        + (Options.Patterns == FusionPatterns.All ? "" : $", fused by {Options.Patterns}")
        + (Options.Taps.Count > 0 ? $", taps {string.Join(" ", Options.Taps)}" : "");
}
