using LungSeg.Engine.Backends.Cpu.Convolution;

namespace LungSeg.Engine.Backends.Cpu.Int8;

/// <summary>
/// A convolution's integer weights in the order that the micro-kernel reads them: panel by panel, in each [R][S][step][output][4 inputs];
/// what is past the last output or input channel holds zero. Groups narrower than a vector are merged into wider ones whose foreign
/// products have zero weights. A panel's <see cref="Panel.Weights"/> is in bytes, its <see cref="Panel.Bias"/> in outputs.
/// </summary>
internal sealed unsafe class Int8Weights : IDisposable
{
    private readonly NativeMemoryBlock _memory;
    private readonly int _groupOutputs;

    /// <summary>Packs whole numbers given as [K, C/groups, R, S] for vectors of the given width.</summary>
    public Int8Weights(ConvWeights weights, int width)
    {
        int merge = PackedWeights.Merge(weights.K / weights.Groups, weights.Groups);
        Groups = weights.Groups / merge;
        InputsPerGroup = weights.C / Groups;
        Steps = (InputsPerGroup + 3) / 4;
        _groupOutputs = weights.K / Groups;
        var panels = new List<Panel>();
        nint offset = 0, lanes = 0;
        for (int group = 0; group < Groups; group++)
        {
            int end = (group + 1) * _groupOutputs;
            for (int k = group * _groupOutputs; k < end;)
            {
                int vectors = end - k > width && (Groups == 1 || _groupOutputs >= 2 * width) ? 2 : 1;
                // A group's last panel must not reach into the next group: it starts early and repeats some channels.
                int start = Groups == 1 ? k : Math.Min(k, end - (vectors * width));
                panels.Add(new Panel(start, vectors, group, offset, lanes));
                offset += (nint)weights.R * weights.S * Steps * vectors * width * 4;
                lanes += vectors * width;
                k = start + (vectors * width);
            }
        }
        Panels = [.. panels];
        Lanes = (int)lanes;
        _memory = new NativeMemoryBlock((offset + sizeof(float) - 1) / sizeof(float));
        if (!_memory.IsBacked) return;
        foreach (Panel panel in Panels) Pack(weights, panel, panel.Vectors * width);
    }

    /// <summary>Groups after merging.</summary>
    public int Groups { get; }

    /// <summary>Input channels of a merged group.</summary>
    public int InputsPerGroup { get; }

    /// <summary>Steps of 4 input channels for each tap.</summary>
    public int Steps { get; }

    public Panel[] Panels { get; }

    /// <summary>Outputs of all panels, padding included.</summary>
    public int Lanes { get; }

    public sbyte* Data => (sbyte*)_memory.Data;

    /// <summary>Whether there is memory: not where it is only measured.</summary>
    public bool IsBacked => _memory.IsBacked;

    public long Bytes => _memory.Floats * sizeof(float);

    public void Dispose() => _memory.Dispose();

    /// <summary>Values of output channels in the order of the panels' outputs, with zeros where there is no channel.</summary>
    public T[] Spread<T>(ReadOnlySpan<T> values) where T : unmanaged
    {
        var result = new T[Lanes];
        foreach (Panel panel in Panels)
        {
            int count = Math.Min((int)(EndOf(panel) - panel.Bias), ((panel.Group + 1) * _groupOutputs) - panel.OutputChannel);
            values.Slice(panel.OutputChannel, count).CopyTo(result.AsSpan((int)panel.Bias));
        }
        return result;
    }

    private nint EndOf(Panel panel)
    {
        int next = Array.IndexOf(Panels, panel) + 1;
        return next < Panels.Length ? Panels[next].Bias : Lanes;
    }

    private void Pack(ConvWeights weights, Panel panel, int lanes)
    {
        sbyte* target = Data + panel.Weights;
        int taps = weights.R * weights.S, perGroup = weights.C / weights.Groups, outputs = weights.K / weights.Groups;
        int used = Math.Min(lanes, ((panel.Group + 1) * _groupOutputs) - panel.OutputChannel);
        for (int lane = 0; lane < used; lane++)
        {
            // The channels of the merged group that are in this output's own group.
            int k = panel.OutputChannel + lane, first = (k / outputs * perGroup) - (panel.Group * InputsPerGroup);
            for (int c = 0; c < perGroup; c++)
            {
                int channel = first + c;
                for (int tap = 0; tap < taps; tap++)
                {
                    nint row = ((nint)tap * Steps) + (channel / 4);
                    target[(((row * lanes) + lane) * 4) + (channel % 4)] = (sbyte)weights.Values[(((k * perGroup) + c) * taps) + tap];
                }
            }
        }
    }
}
