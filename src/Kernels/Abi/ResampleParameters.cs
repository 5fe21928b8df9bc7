using LungSeg.Engine.Ops;

namespace LungSeg.Kernels.Abi;

/// <summary>Pooling and resizing: what the output's size and the fields that a kernel names say.</summary>
internal struct ResampleParameters
{
    public DeviceMap Input;

    public DeviceMap Output;

    public int Batch;

    /// <summary>max_pool: window, step and border.</summary>
    public int KernelSize;

    public int Stride;

    public int Padding;

    /// <summary>upsample_nearest: the whole factor.</summary>
    public int Factor;

    /// <summary>upsample_bilinear: source pixels per output pixel, as UpsampleBilinearOp.Source rounds it.</summary>
    public float RowScale;

    public float ColumnScale;

    /// <summary>upsample_bilinear: 1 if corners are aligned.</summary>
    public int AlignCorners;

    public Activation Activation;
}
