using CsCheck;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;

namespace LungSeg.Kernels.Tests;

/// <summary>A map's shape and storage, and a seed for its values.</summary>
public sealed record MapCase(Shape Shape, Storage Storage, bool Slice, int Seed)
{
    /// <summary>What a family has kernels for: each storage, and whether maps have a single channel.</summary>
    public static MatrixTheoryData<Storage, bool> Kinds { get; } = new([Storage.F32, Storage.F16], [false, true]);

    /// <summary>The activations that the kernels compute: all.</summary>
    internal static Gen<Activation> Activations { get; } = Gen.OneOf(Enum.GetValues<Activation>());

    /// <summary>Small odd shapes of a kind.</summary>
    public static Gen<MapCase> Of(Storage storage, bool single) => Gen.Select(
        Gen.Select(Gen.OneOf(1, 1, 2, 3), single ? Gen.Const(1) : Gen.Int[2, 40], Gen.Int[1, 12], Gen.Int[1, 14],
            (n, c, h, w) => new Shape(n, c, h, w)),
        Gen.Bool, Gen.Int[0, 1 << 20],
        (shape, slice, seed) => new MapCase(shape, storage, slice, seed));

    public string Suffix => Storage.Suffix(Shape.C);

    internal int Vectors => Shape.C == 1 ? 1 : (Shape.C + 7) / 8;

    internal Map Values(string key, Shape? shape = null, double low = -1, double high = 1)
    {
        var map = new Map(shape ?? Shape);
        Numbers(key, map.Values.Length, low, high).CopyTo(map.Values, 0);
        return map;
    }

    /// <summary>Numbers that the storage has.</summary>
    internal float[] Numbers(string key, int count, double low = -1, double high = 1)
    {
        int hash = Seed;
        foreach (char letter in key) hash = unchecked((hash * 16777619) ^ letter);
        var random = new Random(hash);
        return [.. Enumerable.Range(0, count).Select(_ => Storage.Round((float)(low + (random.NextDouble() * (high - low)))))];
    }

    internal Tensor Input(Shape? shape = null) => Tensor.Create(new InputOp(shape ?? Shape), [], "x");
}
