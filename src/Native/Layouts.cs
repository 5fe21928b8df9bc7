using System.Runtime.InteropServices;

namespace LungSeg.Native;

// The structures of include/lungseg.h, member by member, each with the zero-is-default meaning that the header gives it.
#pragma warning disable CS0649 // Members are written by C.

internal unsafe struct OptionsLayout
{
    public uint Size, Abi;
    public byte* Network, WeightsFile;
    public void* Weights;
    public nuint WeightsSize;
    public byte* Device, Precision;
    public long MemoryLimit;
    public int Threads, Images, NetworkSize, StudyMode;
    public float Threshold;
    public int KeepContrast;
}

internal enum ImageFormat : uint
{
    Encoded,
    U8,
    U16,
    F32,
}

internal unsafe struct ImageLayout
{
    public uint Size;
    public ImageFormat Format;
    public void* Data;
    public nuint DataSize;
    public int Width, Height, Channels, Bits;
    public nuint Stride;
}

internal struct LungLayout
{
    public int Parts, Area, Left, Top, Right, Bottom;
    public double CenterX, CenterY;
}

internal struct StatisticsLayout
{
    public uint Size;
    public int Width, Height, Area, ProbabilityWidth, ProbabilityHeight;
    public LungLayout Right, Left;
    public double RowMillimetres, ColumnMillimetres, Read, Preprocess, Network, Postprocess;
    public int Flags;
}

#pragma warning restore CS0649

/// <summary>Structures that come from C or go there: a program may know fewer or more members than this library.</summary>
internal static unsafe class Layout
{
    /// <summary>Reads a structure that begins with its size. Members beyond ours must be zero, their default.</summary>
    public static T Read<T>(void* from, string name) where T : unmanaged
    {
        int size = SizeOf<T>(from, name);
        var bytes = new ReadOnlySpan<byte>(from, size);
        int ours = Math.Min(size, sizeof(T));
        if (bytes[ours..].ContainsAnyExcept((byte)0))
            throw new ArgumentException($"{name} sets members that this version does not know: use a newer library, or leave them zero");
        T value = default;
        bytes[..ours].CopyTo(MemoryMarshal.AsBytes(new Span<T>(ref value)));
        return value;
    }

    /// <summary>Writes as many members as the structure's size, which its first member says, has room for.</summary>
    public static void Write<T>(T value, void* to, string name) where T : unmanaged
    {
        var room = new Span<byte>(to, SizeOf<T>(to, name));
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value))[sizeof(uint)..];
        bytes[..Math.Min(bytes.Length, room.Length - sizeof(uint))].CopyTo(room[sizeof(uint)..]);
    }

    private static int SizeOf<T>(void* at, string name) where T : unmanaged
    {
        const uint Maximum = 1 << 16;
        if (at is null) throw new ArgumentException($"{name} is NULL");
        uint size = *(uint*)at;
        return size is >= sizeof(uint) and <= Maximum
            ? (int)size
            : throw new ArgumentException($"the size of {name} is {size}: expected sizeof, {sizeof(T)} in this version");
    }
}
