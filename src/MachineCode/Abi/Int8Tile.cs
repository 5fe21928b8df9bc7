using System.Runtime.InteropServices;

namespace LungSeg.MachineCode.Abi;

/// <summary>
/// A stretch of an integer reduction: <see cref="Length"/> steps of four consecutive input bytes of each pixel of the tile, against as many
/// rows of packed weights. Offsets are in bytes.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Int8Run
{
    public nint Input;
    public nint Weights;
    public nint Length;
}

/// <summary>
/// What one call of the integer micro-kernel reads and writes: 1 to 12 pixels times one or two vectors of 16 output channels. No pointer
/// has to be aligned. Sums wrap; they do not saturate.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Int8Tile
{
    /// <summary>The first pixel's unsigned bytes; pixel j starts <see cref="InputStride"/> · j bytes behind.</summary>
    public byte* Input;
    public nint InputStride;

    /// <summary>Packed as [step][vector][16 outputs][4 inputs].</summary>
    public sbyte* Weights;
    public Int8Run* Runs;
    public nint RunCount;

    /// <summary>What the sums start from: the bias (stride 0) or the sums so far. Strides of sums are in numbers of 32 bits.</summary>
    public int* Initial;
    public nint InitialStride;

    /// <summary>The sums: for each pixel 16 numbers of each vector, and nothing else, are written.</summary>
    public int* Sums;
    public nint SumsStride;

    /// <summary>What the next tile will read: a cache line for each two steps is asked for. Any address will do.</summary>
    public byte* Next;

    /// <summary>Where machine code for Windows keeps the low halves of registers that belong to its caller.</summary>
    public fixed byte Saved[160];
}
