namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>Rows whose channels come from several sources side by side.</summary>
internal sealed unsafe class ConcatenatedRows((IRowSource Rows, int Channels)[] parts) : IRowSource
{
    public nint ScratchFloats(int channels) => parts.Max(part => part.Rows.ScratchFloats(Math.Min(channels, part.Channels)));

    public void FillRow(float* target, nint pixelStep, int n, int row, int channel, int channels, float* scratch)
    {
        int start = 0;
        foreach ((IRowSource rows, int count) in parts)
        {
            int from = Math.Max(channel, start), to = Math.Min(channel + channels, start + count);
            if (from < to) rows.FillRow(target + (from - channel), pixelStep, n, row, from - start, to - from, scratch);
            start += count;
        }
    }
}
