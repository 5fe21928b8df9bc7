namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>Where a depthwise convolution's input rows come from: memory, or the convolution before it, computed on demand.</summary>
internal unsafe interface IRowSource
{
    /// <summary>
    /// Fills a row [padded column][channel] with some channels of an image's row. Columns of padding may be left alone: the
    /// caller clears them once.
    /// </summary>
    void FillRow(float* target, int n, int row, int channel, int channels);
}
