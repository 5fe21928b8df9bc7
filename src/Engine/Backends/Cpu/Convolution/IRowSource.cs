namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// Where a depthwise convolution's input rows come from: memory, or the operation before it, computed when the convolution
/// wants them, so that the wide map between the two is never in memory.
/// </summary>
internal unsafe interface IRowSource
{
    /// <summary>Floats of working memory for rows of the given channels.</summary>
    nint ScratchFloats(int channels);

    /// <summary>
    /// Fills a row [padded column][channel], pixels so many floats apart, with some channels of an image's row. Columns of
    /// padding may be left alone: the caller clears them once.
    /// </summary>
    void FillRow(float* target, nint pixelStep, int n, int row, int channel, int channels, float* scratch);
}
