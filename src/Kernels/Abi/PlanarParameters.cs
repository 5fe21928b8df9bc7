namespace LungSeg.Kernels.Abi;

/// <summary>Between a map and a planar float32 tensor N x C x H x W: from_planar and to_planar.</summary>
internal struct PlanarParameters
{
    public DeviceMap Map;

    public long Planar;

    public int Batch;
}
