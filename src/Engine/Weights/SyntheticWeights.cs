using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Text;

namespace LungSeg.Engine.Weights;

/// <summary>
/// Weights and inputs that any language can regenerate from a key, so that outputs can be compared without a checkpoint.
/// The formula is in <c>tests/data/golden/README.md</c>.
/// </summary>
/// <param name="salt">Put in front of every key.</param>
/// <param name="state">
/// Running means and variances under <c>state/&lt;key&gt;</c>; null for means of 0 and variances of 1.
/// </param>
internal sealed class SyntheticWeights(string salt = "", StateDict? state = null) : IWeightSource
{
    private const ulong Increment = 0x9E3779B97F4A7C15;
    private const float Spread = 0.1f;

    /// <summary>The <paramref name="i"/>th number of <paramref name="key"/>, in [0, 1).</summary>
    public static float Uniform(string key, long i) => Unit(Mix(Seed(key) + ((ulong)i + 1) * Increment));

    /// <summary>The <paramref name="i"/>th number of <paramref name="key"/>, in [-1, 1).</summary>
    public static float Signed(string key, long i) => 2 * Uniform(key, i) - 1;

    /// <summary>Fills <paramref name="values"/> with <c>bias + scale * Signed(key, i)</c>, in float32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Fill(string key, Span<float> values, float scale = 1, float bias = 0)
    {
        ulong z = Seed(key);
        int i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            Vector512<ulong> steps = (Vector512<ulong>.Indices + Vector512<ulong>.One) * Increment;
            for (; i <= values.Length - Vector512<float>.Count; i += Vector512<float>.Count)
            {
                Vector512<ulong> first = Mix(Vector512.Create(z) + steps);
                Vector512<ulong> second = Mix(Vector512.Create(unchecked(z + 8 * Increment)) + steps);
                Vector512<float> bits = Vector512.ConvertToSingle(Vector512.Narrow(first >>> 40, second >>> 40).AsInt32());
                Vector512<float> signed = bits * (2f / (1 << 24)) - Vector512<float>.One;
                (Vector512.Create(bias) + signed * scale).CopyTo(values[i..]);
                z = unchecked(z + 16 * Increment);
            }
        }
        for (; i < values.Length; i++)
        {
            z += Increment;
            values[i] = bias + scale * (2 * Unit(Mix(z)) - 1);
        }
    }

    /// <summary>The normalised input of case <paramref name="tag"/>: n x channels x h x w numbers, coarse plus fine noise.</summary>
    public static float[] Input(string salt, string tag, int n, int h, int w, int channels = 3)
    {
        const int Block = 16;
        float[] input = new float[checked(n * channels * h * w)];
        Fill($"{salt}{tag}/fine", input);
        int coarseH = (h + Block - 1) / Block, coarseW = (w + Block - 1) / Block;
        float[] coarse = new float[n * channels * coarseH * coarseW];
        Fill($"{salt}{tag}/coarse", coarse);
        for (int plane = 0; plane < n * channels; plane++)
        {
            for (int y = 0; y < h; y++)
            {
                Span<float> row = input.AsSpan((plane * h + y) * w, w);
                ReadOnlySpan<float> blocks = coarse.AsSpan((plane * coarseH + y / Block) * coarseW, coarseW);
                for (int x = 0; x < w; x++)
                    row[x] += blocks[x / Block];
            }
        }
        return input;
    }

    /// <inheritdoc/>
    public Parameter Get(string key, ReadOnlySpan<int> dims)
    {
        int[] size = dims.ToArray();
        return new Parameter(key, size, () => Values(key, size));
    }

    private float[] Values(string key, int[] dims)
    {
        long count = 1;
        foreach (int dim in dims)
            count = checked(count * dim);
        float[] values = new float[count];
        if (key.EndsWith(".num_batches_tracked", StringComparison.Ordinal))
            return values;
        if (key.EndsWith(".running_mean", StringComparison.Ordinal) || key.EndsWith(".running_var", StringComparison.Ordinal))
            return RunningStatistic(key, dims, values);

        (float scale, float bias) = dims.Length switch
        {
            >= 2 => ((float)Math.Sqrt(6.0 / (count / Math.Max(1, dims[0]))), 0f),
            1 when key.EndsWith(".weight", StringComparison.Ordinal) => (Spread, 1f),
            _ => (Spread, 0f),
        };
        Fill(salt + key, values, scale, bias);
        return values;
    }

    private float[] RunningStatistic(string key, int[] dims, float[] values)
    {
        if (state is null)
        {
            if (key.EndsWith(".running_var", StringComparison.Ordinal))
                Array.Fill(values, 1f);
            return values;
        }
        if (!state.TryGet($"state/{key}", out Parameter? parameter))
            throw new WeightException($"the golden file has no 'state/{key}': it belongs to another network");
        if (!parameter.Dims.SequenceEqual(dims))
        {
            throw new WeightException(
                $"the golden file's 'state/{key}' has dimensions [{string.Join(", ", parameter.Dims)}], the network expects "
                    + $"[{string.Join(", ", dims)}]");
        }
        return parameter.Read();
    }

    /// <summary>64-bit FNV-1a.</summary>
    private static ulong Seed(string key)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (byte b in Encoding.UTF8.GetBytes(key))
            hash = (hash ^ b) * 0x100000001B3;
        return hash;
    }

    /// <summary>The finaliser of SplitMix64.</summary>
    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    private static Vector512<ulong> Mix(Vector512<ulong> z)
    {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EB;
        return z ^ (z >>> 31);
    }

    /// <summary>24 bits as a number in [0, 1): exact in float32.</summary>
    private static float Unit(ulong z) => (int)(z >> 40) * (1f / (1 << 24));
}
