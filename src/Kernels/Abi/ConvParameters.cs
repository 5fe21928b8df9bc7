using LungSeg.Engine.Ops;

namespace LungSeg.Kernels.Abi;

/// <summary>
/// A convolution as an implicit matrix product, for the families conv_simt, conv_mma and conv_wgmma. Output pixel (p, q) of a
/// launch lies at (FirstRow + p · Step, FirstColumn + q · Step) of Output, so that a transposed convolution is Step² launches, or
/// one with Phases = 4.
/// </summary>
internal struct ConvParameters
{
    public DeviceMap Input;

    public DeviceMap Output;

    /// <summary>Added before the activation; Address 0: none. Its pixels are Output's.</summary>
    public DeviceMap Residual;

    /// <summary>Packed as the family asks.</summary>
    public long Weights;

    /// <summary>float32, one for each filter of all groups, as many as Output's padded channels; 0: none.</summary>
    public long Bias;

    /// <summary>The kernels with a gate multiply input channel c of image n by element n · GateStride + c, of the storage type.</summary>
    public long Gate;

    /// <summary>Sums of a split reduction: float32 [split][n][pixel of Output][PartialStride]. Splits = 1: not used.</summary>
    public long Partial;

    public int GateStride;

    public int PartialStride;

    public int Batch;

    public int Groups;

    /// <summary>Input channels of a group, padding included: a multiple of 8.</summary>
    public int Channels;

    /// <summary>Filters of a group; a multiple of 8 if there are several groups.</summary>
    public int Filters;

    public Window Window;

    /// <summary>Output rows and columns of one phase of this launch.</summary>
    public int Rows;

    public int Columns;

    public int FirstRow;

    public int FirstColumn;

    public int Step;

    /// <summary>
    /// 1, or 4: phase (i, j), numbered 2i + j, has PadTop − i, PadLeft − j, FirstRow + i, FirstColumn + j and its own weights,
    /// PhaseWeights elements after the last phase's.
    /// </summary>
    public int Phases;

    public int PhaseWeights;

    /// <summary>How many blocks of TileK the reduction is cut into, of which a split takes every StepsPerSplit.</summary>
    public int Steps;

    public int Splits;

    public int StepsPerSplit;

    /// <summary><see cref="Reciprocal.Of"/> Channels.</summary>
    public uint ChannelsReciprocal;

    /// <summary><see cref="Reciprocal.OfSmall"/> of S.</summary>
    public uint SReciprocal;

    /// <summary>Applied last.</summary>
    public Activation Activation;

    /// <summary>Elements of Partial; 0 where nothing is split.</summary>
    public readonly long PartialFloats => Splits > 1 ? (long)Splits * Batch * Output.Height * Output.Width * PartialStride : 0;

    /// <summary>
    /// Blocks of a kernel with such tiles: tiles of filters of all groups, tiles of a phase's pixels, splits of phases of images.
    /// </summary>
    public readonly GridSize Grid(int tileM, int tileN) =>
        new(Groups * GridSize.Up(Filters, tileN), GridSize.Up((long)Rows * Columns, tileM), (long)Batch * Phases * Splits);
}
