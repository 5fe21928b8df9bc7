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

    /// <summary>Packs weights given as [K, C/groups, R, S] for vectors of the given width.</summary>
    public PackedWeights(ConvWeights weights, int width, IReadOnlyList<int> blocks)
    {
        int merge = Merge(weights.K / weights.Groups, weights.Groups);
        Groups = weights.Groups / merge;
        InputsPerGroup = weights.C / Groups;
        int outputsPerGroup = weights.K / Groups, taps = weights.R * weights.S;

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
                offset += (nint)taps * InputsPerGroup * vectors * width;
                bias += vectors * width;
                k = start + (vectors * width);
            }
        }
        Panels = [.. panels];
        _memory = new NativeMemoryBlock(offset + bias);
        for (int i = 0; i < Panels.Length; i++)
        {
            Panel panel = Panels[i] = Panels[i] with { Bias = offset + Panels[i].Bias };
            int lanes = Math.Min(panel.Vectors * width, ((panel.Group + 1) * outputsPerGroup) - panel.OutputChannel);
            Pack(weights, panel, lanes, panel.Vectors * width, blocks);
        }
    }

    /// <summary>Groups after merging.</summary>
    public int Groups { get; }

    /// <summary>Input channels of a merged group.</summary>
    public int InputsPerGroup { get; }

    public Panel[] Panels { get; }

    public float* Data => _memory.Data;

    public long Bytes => _memory.Floats * sizeof(float);

    public void Dispose() => _memory.Dispose();

    // Groups side by side until a vector is full; all of them where no number of them divides evenly.
    private static int Merge(int outputsPerGroup, int groups)
    {
        for (int merge = 1; merge < groups; merge++)
        {
            if (outputsPerGroup * merge >= View.Lanes && groups % merge == 0) return merge;
        }
        return groups;
    }

    private void Pack(ConvWeights weights, Panel panel, int used, int lanes, IReadOnlyList<int> blocks)
    {
        float* target = _memory.Data + panel.Weights;
        int perGroup = weights.C / weights.Groups, kPerGroup = weights.K / weights.Groups, taps = weights.R * weights.S;
        IReadOnlyList<int> split = Groups == 1 ? blocks : [InputsPerGroup];
        int first = 0;
        foreach (int count in split)
        {
            for (int tap = 0; tap < taps; tap++)
            {
                for (int c = first; c < first + count; c++, target += lanes)
                {
                    int channel = (panel.Group * InputsPerGroup) + c;
                    for (int lane = 0; lane < used; lane++)
                    {
                        int k = panel.OutputChannel + lane;
                        if (k / kPerGroup == channel / perGroup)
                            target[lane] = weights.Values[((((long)k * perGroup) + (channel % perGroup)) * taps) + tap];
                    }
                }
            }
            first += count;
        }
        if (weights.Bias is null) return;
        for (int lane = 0; lane < used; lane++) _memory.Data[panel.Bias + lane] = weights.Bias[panel.OutputChannel + lane];
    }
}
