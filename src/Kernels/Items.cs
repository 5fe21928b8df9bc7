using ILGPU;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels;

/// <summary>
/// The work of a thread in a kernel that makes one vector of channels of one pixel: grid x counts the vectors of an image in their
/// order in memory, grid y the images.
/// </summary>
internal readonly struct Item
{
    private Item(int image, int row, int column, int channel, bool exists)
    {
        Image = image;
        Row = row;
        Column = column;
        Channel = channel;
        Exists = exists;
    }

    public int Image { get; }

    public int Row { get; }

    public int Column { get; }

    /// <summary>The vector's first channel.</summary>
    public int Channel { get; }

    /// <summary>False for the last block's threads beyond the image's end.</summary>
    public bool Exists { get; }

    /// <summary>This thread's vector of <paramref name="output"/>.</summary>
    public static Item Of<T>(DeviceMap output) where T : struct, IStorage
    {
        int width = default(T).Width, vectors = (output.Channels + width - 1) / width;
        int index = (Grid.IdxX * Group.DimX) + Group.IdxX;
        int pixel = index / vectors, row = pixel / output.Width;
        return new Item(Grid.IdxY, row, pixel - (row * output.Width), (index - (pixel * vectors)) * width, row < output.Height);
    }
}

/// <summary>Addresses in a map.</summary>
internal static class DeviceMaps
{
    /// <summary>The address of a channel of a pixel.</summary>
    public static long Element<T>(this DeviceMap map, int image, int row, int column, int channel) where T : struct, IStorage =>
        map.Element<T>(image, (row * map.Width) + column, channel);

    /// <summary>The address of a channel of a pixel, pixels counted in their order in memory.</summary>
    public static long Element<T>(this DeviceMap map, int image, int pixel, int channel) where T : struct, IStorage =>
        map.Address + (((image * ((long)map.Height * map.Width * map.PixelStride)) + (pixel * map.PixelStride) + channel)
            * default(T).Size);

    /// <summary>The address of an item's vector.</summary>
    public static long Element<T>(this DeviceMap map, Item item) where T : struct, IStorage =>
        map.Element<T>(item.Image, item.Row, item.Column, item.Channel);
}

/// <summary>The work of a thread between a map and planes: eight channels of a pixel, counted plane by plane.</summary>
internal readonly struct PlanarItem
{
    private PlanarItem(int image, int pixel, int channel, long offset, bool exists)
    {
        Image = image;
        Pixel = pixel;
        Channel = channel;
        Offset = offset;
        Exists = exists;
    }

    public int Image { get; }

    public int Pixel { get; }

    /// <summary>The first of the eight channels.</summary>
    public int Channel { get; }

    /// <summary>Bytes from the planar tensor's start to the first channel's pixel.</summary>
    public long Offset { get; }

    public bool Exists { get; }

    public static PlanarItem Of(DeviceMap map)
    {
        int pixels = map.Height * map.Width, index = (Grid.IdxX * Group.DimX) + Group.IdxX;
        int vector = index / pixels, channel = vector * 8, pixel = index - (vector * pixels);
        long offset = ((((Grid.IdxY * (long)map.Channels) + channel) * pixels) + pixel) * sizeof(float);
        return new PlanarItem(Grid.IdxY, pixel, channel, offset, channel < map.Channels);
    }
}
