namespace LungSeg.Engine.Backends.Cpu.Int8;

/// <summary>
/// Vectors of 32-bit integers and what integer kernels do with them. Where a vector holds float32 numbers, the method says so: sums and
/// products of these are rounded each for itself, so that all instruction sets give the same bits.
/// </summary>
internal unsafe interface IDot<W> where W : struct
{
    /// <summary>Numbers in a vector.</summary>
    static abstract int Width { get; }

    /// <summary>Pixels of a tile with two vectors of sums each that the registers hold.</summary>
    static abstract int TileRows { get; }

    /// <summary>Whether <see cref="Dot"/> leaves a sum of the weights out, which <see cref="Correct"/> adds up.</summary>
    static abstract bool IsCorrected { get; }

    static abstract W Load(int* source);

    static abstract void Store(W value, int* target);

    static abstract W Broadcast(int value);

    /// <summary>The same 4 bytes in all lanes.</summary>
    static abstract W BroadcastFour(byte* source);

    /// <summary>sum + Σ of the four products of a lane's unsigned bytes with its signed ones of 7 bits.</summary>
    static abstract W Dot(W sum, W bytes, W weights);

    /// <summary>What <see cref="Dot"/> has left out for these weights, added to a correction.</summary>
    static abstract W Correct(W correction, W weights);

    /// <summary>As many bytes as there are lanes, widened.</summary>
    static abstract W LoadBytes(byte* source);

    /// <summary>Numbers from 0 to 255 as so many bytes.</summary>
    static abstract void StoreBytes(W value, byte* target);

    static abstract W Add(W a, W b);

    static abstract W Subtract(W a, W b);

    static abstract W Multiply(W a, W b);

    /// <summary>a / 2^count, rounded down.</summary>
    static abstract W ShiftRight(W a, int count);

    /// <summary>Integers as float32.</summary>
    static abstract W ToFloat(W value);

    /// <summary>a · b of float32.</summary>
    static abstract W MultiplyFloat(W a, W b);

    /// <summary>a + b of float32.</summary>
    static abstract W AddFloat(W a, W b);

    /// <summary>
    /// A float32 limited to low and high, which are whole and at most 2^20 in size, and rounded to the nearest integer, ties to even, plus
    /// a zero point less <see cref="Rounding"/>; NaN becomes low.
    /// </summary>
    static abstract W Round(W value, W low, W high, W zero);

    /// <summary>The bits of 1.5 · 2^23, below which the last bits of a float32 count whole numbers.</summary>
    const int Rounding = 0x4B400000;

    /// <summary>
    /// Numbers from 0 to 255 of two pixels, two vectors each, as bytes, each replaced by a table's result if there is one.
    /// </summary>
    static abstract void StorePixels(W a, W b, W c, W d, byte* first, byte* second, ByteTable? table);

    /// <summary>
    /// Four bytes of each channel side by side, from four rows of as many bytes as a vector holds: lane i of result j is channel
    /// 16 · (i / 4) + 4 · j + i % 4.
    /// </summary>
    static abstract void Interleave(byte* a, byte* b, byte* c, byte* d, out W first, out W second, out W third, out W fourth);

    /// <summary>
    /// The channels of <see cref="Interleave"/>'s four vectors, numbers from 0 to 255, back in their order as bytes, each replaced by a
    /// table's result if there is one.
    /// </summary>
    static abstract void StoreInterleaved(W first, W second, W third, W fourth, byte* target, ByteTable? table);
}
