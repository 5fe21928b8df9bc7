using LungSeg.Engine;
using LungSeg.Engine.Backends.Reference;

namespace LungSeg.Benchmarks.Kernels;

/// <summary>A layer of one of the nine networks by itself, at the size that it has there.</summary>
public sealed record KernelCase(string Name, Graph Graph)
{
    public static IReadOnlyList<KernelCase> All { get; } =
        [.. OperationCases.Layers.Select(layer => new KernelCase(layer.Name, layer.Graph))];

    public override string ToString() => Name;
}
