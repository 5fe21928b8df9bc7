namespace LungSeg.Engine.Backends.Cuda;

/// <summary>Zeros behind a row of channels, up to what kernels read at once.</summary>
internal static class ChannelPadding
{
    public static float[] Pad(float[] channels)
    {
        Array.Resize(ref channels, CudaMap.Padded(channels.Length));
        return channels;
    }
}
