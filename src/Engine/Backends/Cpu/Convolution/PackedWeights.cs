namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>One or two vectors of output channels and where their weights and bias lie, in floats.</summary>
internal readonly record struct Panel(int OutputChannel, int Vectors, int Group, nint Weights, nint Bias);

/// <summary>
/// A convolution's weights in the order that the micro-kernel reads them: panel by panel, in each [block of input
/// channels][R][S][channel of the block][lanes of the panel]; lanes past the last output channel hold zero. Groups
/// narrower than a vector are merged into wider ones whose foreign products have zero weights.
/// </summary>
internal sealed unsafe class PackedWeights : IDisposable
{
    private readonly NativeMemoryBlock _memory;
    private readonly int _outputsPerGroup;
    private readonly int _taps;

    /// <summary>
    /// Packs weights given as [K, C/groups, R, S] for vectors of the given width, transformed on the way if there is something to do:
    /// panel by panel, for transformed weights can be large.
    /// </summary>
    public PackedWeights(ConvWeights weights, int width, IReadOnlyList<int> blocks, KernelTransform? transform = null)
    {
        _outputsPerGroup = weights.K / weights.Groups;
        int merge = Merge(_outputsPerGroup, weights.Groups);
        Groups = weights.Groups / merge;
        InputsPerGroup = weights.C / Groups;
        _taps = transform?.Taps ?? weights.R * weights.S;
        int outputsPerGroup = weights.K / Groups;

        var panels = new List<Panel>();
        nint offset = 0, bias = 0;
        for (int group = 0; group < Groups; group++)
        {
            int first = group * outputsPerGroup, end = first + outputsPerGroup;
            for (int k = first; k < end;)
            {
                int vectors = end - k > width && (Groups == 1 || outputsPerGroup >= 2 * width) ? 2 : 1;
                // A group's last panel must not reach into the next group: it starts early and repeats some channels.
                int start = Groups == 1 ? k : Math.Min(k, end - (vectors * width));
                panels.Add(new Panel(start, vectors, group, offset, bias));
                offset += (nint)_taps * InputsPerGroup * vectors * width;
                bias += vectors * width;
                k = start + (vectors * width);
            }
        }
        Panels = [.. panels];
        WeightFloats = offset;
        _memory = new NativeMemoryBlock(offset + bias);
        if (!_memory.IsBacked) return;
        int kernel = weights.R * weights.S, valuesPerOutput = weights.C / weights.Groups * kernel;
        float[] transformed = transform is null ? [] : new float[Math.Min(2 * width, weights.K) * valuesPerOutput / kernel * _taps];
        for (int i = 0; i < Panels.Length; i++)
        {
            Panel panel = Panels[i] = Panels[i] with { Bias = offset + Panels[i].Bias };
            int lanes = Math.Min(panel.Vectors * width, ((panel.Group + 1) * outputsPerGroup) - panel.OutputChannel);
            ReadOnlySpan<float> values = weights.Values.AsSpan(panel.OutputChannel * valuesPerOutput, lanes * valuesPerOutput);
            if (transform is not null)
            {
                Span<float> result = transformed.AsSpan(0, values.Length / kernel * _taps);
                transform.Apply(values, result);
                values = result;
            }
            Pack(values, weights.C / weights.Groups, panel, lanes, panel.Vectors * width, blocks);
            for (int lane = 0; lane < lanes && weights.Bias is not null; lane++)
                Data[panel.Bias + lane] = weights.Bias[panel.OutputChannel + lane];
        }
    }

    /// <summary>Groups after merging.</summary>
    public int Groups { get; }

    /// <summary>Input channels of a merged group.</summary>
    public int InputsPerGroup { get; }

    public Panel[] Panels { get; }

    /// <summary>Floats before the biases.</summary>
    public nint WeightFloats { get; }

    /// <summary>The same for a 1x1 convolution without groups before it is packed: its panels fill whole vectors and no more.</summary>
    public static nint PointwiseFloats(int k, int c, int width) => (nint)c * ((k + width - 1) / width * width);

    public float* Data => _memory.Data;

    public long Bytes => _memory.Floats * sizeof(float);

    public void Dispose() => _memory.Dispose();

    /// <summary>How many groups go side by side until a vector is full; all of them where no number of them divides evenly.</summary>
    public static int Merge(int outputsPerGroup, int groups)
    {
        for (int merge = 1; merge < groups; merge++)
        {
            if (outputsPerGroup * merge >= CpuTensor.Lanes && groups % merge == 0) return merge;
        }
        return groups;
    }

    // The weights of a panel's outputs: [output][channel of its own group][tap].
    private void Pack(ReadOnlySpan<float> weights, int perGroup, Panel panel, int used, int lanes, IReadOnlyList<int> blocks)
    {
        float* target = _memory.Data + panel.Weights;
        IReadOnlyList<int> split = Groups == 1 ? blocks : [InputsPerGroup];
        int first = 0;
        foreach (int count in split)
        {
            for (int tap = 0; tap < _taps; tap++)
            {
                for (int lane = 0; lane < used; lane++)
                {
                    // The channels of the block that are in this output's own group.
                    int k = panel.OutputChannel + lane, group = (k / _outputsPerGroup * perGroup) - (panel.Group * InputsPerGroup);
                    int begin = Math.Max(first, group), end = Math.Min(first + count, group + perGroup);
                    if (begin >= end) continue;
                    ReadOnlySpan<float> values = weights[((((lane * perGroup) + begin - group) * _taps) + tap)..];
                    for (int c = begin; c < end; c++) target[((c - first) * lanes) + lane] = values[(c - begin) * _taps];
                }
                target += (nint)count * lanes;
            }
            first += count;
        }
    }
}
