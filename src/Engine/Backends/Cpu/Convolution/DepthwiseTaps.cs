namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>What a row of output pixels reads: the ring's rows that the window's rows see, from a column on.</summary>
internal unsafe struct DepthwiseTaps
{
    public float** Rows;
    public int FirstRow;
    public int EndRow;
    public nint Column;
    public nint ColumnStep;
    public nint PixelStep;
    public int Columns;
    public float* Weights;
    public nint WeightStep;
    public float* Bias;
    public int Channels;
    public float* Output;
    public nint OutputStep;
}
