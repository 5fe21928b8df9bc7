using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LungSeg.Engine.Weights;

/// <summary>Reads elements of any type as float32, rounding to nearest as PyTorch does.</summary>
internal static class ElementReader
{
    private const int ChunkBytes = 1 << 16;

    /// <summary>Reads <c>destination.Length</c> elements that begin at byte <paramref name="offset"/>.</summary>
    public static void Read(ByteSource source, long offset, DType dtype, bool bigEndian, Span<float> destination)
    {
        if (dtype == DType.Float32 && bigEndian != BitConverter.IsLittleEndian)
        {
            // A span of bytes is bounded by int: half a billion floats go in pieces.
            while (!destination.IsEmpty)
            {
                Span<float> part = destination[..Math.Min(destination.Length, 1 << 28)];
                source.Read(offset, MemoryMarshal.AsBytes(part));
                destination = destination[part.Length..];
                offset += part.Length * (long)sizeof(float);
            }
            return;
        }

        int size = dtype.ItemSize();
        byte[] chunk = ArrayPool<byte>.Shared.Rent(Math.Min(ChunkBytes, Math.Max(1, Math.Min(destination.Length, ChunkBytes) * size)));
        try
        {
            while (!destination.IsEmpty)
            {
                int count = Math.Min(destination.Length, chunk.Length / size);
                Span<byte> bytes = chunk.AsSpan(0, count * size);
                source.Read(offset, bytes);
                if (bigEndian && size > 1)
                    SwapBytes(bytes, size);
                Decode(bytes, dtype, destination[..count]);
                destination = destination[count..];
                offset += bytes.Length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    private static void SwapBytes(Span<byte> bytes, int size)
    {
        for (int i = 0; i < bytes.Length; i += size)
            bytes.Slice(i, size).Reverse();
    }

    // By vectors, since the weights that come with the program are of this type: the conversion is a good part of the start.
    private static void DecodeHalves(ReadOnlySpan<byte> bytes, Span<float> values)
    {
        const uint Infinity = 0x0F80_0000;
        int i = 0;
        for (; BitConverter.IsLittleEndian && i <= values.Length - Vector128<ushort>.Count; i += Vector128<ushort>.Count)
        {
            Vector128<ushort> halves = Vector128.Create<byte>(bytes[(2 * i)..]).AsUInt16();
            Widen(Vector128.WidenLower(halves)).CopyTo(values[i..]);
            Widen(Vector128.WidenUpper(halves)).CopyTo(values[(i + Vector128<float>.Count)..]);
        }
        for (; i < values.Length; i++) values[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[(2 * i)..]);

        // The mantissa moves by 13 bits; the exponent's bias grows by 112, which also makes numbers of half's subnormal ones, exactly.
        static Vector128<float> Widen(Vector128<uint> half)
        {
            Vector128<uint> magnitude = (half & Vector128.Create(0x7FFFu)) << 13, sign = (half & Vector128.Create(0x8000u)) << 16;
            Vector128<uint> isSpecial = Vector128.GreaterThanOrEqual(magnitude, Vector128.Create(Infinity));
            Vector128<uint> finite = (magnitude.AsSingle() * Vector128.Create(5.192296858534828e33f)).AsUInt32();
            // Not a number stays quiet, as the cast makes it.
            Vector128<uint> quiet = Vector128.GreaterThan(magnitude, Vector128.Create(Infinity)) & Vector128.Create(0x40_0000u);
            Vector128<uint> special = magnitude | quiet | Vector128.Create(0x7F80_0000u);
            return (Vector128.ConditionalSelect(isSpecial, special, finite) | sign).AsSingle();
        }
    }

    /// <summary>Converts little-endian elements.</summary>
    private static void Decode(ReadOnlySpan<byte> bytes, DType dtype, Span<float> values)
    {
        switch (dtype)
        {
            case DType.Float32:
                for (int i = 0; i < values.Length; i++)
                    values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(4 * i)..]);
                break;
            case DType.Float16:
                DecodeHalves(bytes, values);
                break;
            case DType.BFloat16:
                for (int i = 0; i < values.Length; i++)
                    values[i] = BFloat16.ToSingle(BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * i)..]));
                break;
            case DType.Float64:
                for (int i = 0; i < values.Length; i++)
                    values[i] = (float)BinaryPrimitives.ReadDoubleLittleEndian(bytes[(8 * i)..]);
                break;
            case DType.Int8:
                for (int i = 0; i < values.Length; i++)
                    values[i] = (sbyte)bytes[i];
                break;
            case DType.UInt8:
                for (int i = 0; i < values.Length; i++)
                    values[i] = bytes[i];
                break;
            case DType.Bool:
                for (int i = 0; i < values.Length; i++)
                    values[i] = bytes[i] == 0 ? 0 : 1;
                break;
            case DType.Int16:
                for (int i = 0; i < values.Length; i++)
                    values[i] = BinaryPrimitives.ReadInt16LittleEndian(bytes[(2 * i)..]);
                break;
            case DType.UInt16:
                for (int i = 0; i < values.Length; i++)
                    values[i] = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * i)..]);
                break;
            case DType.Int32:
                for (int i = 0; i < values.Length; i++)
                    values[i] = BinaryPrimitives.ReadInt32LittleEndian(bytes[(4 * i)..]);
                break;
            case DType.UInt32:
                for (int i = 0; i < values.Length; i++)
                    values[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(4 * i)..]);
                break;
            case DType.Int64:
                for (int i = 0; i < values.Length; i++)
                    values[i] = BinaryPrimitives.ReadInt64LittleEndian(bytes[(8 * i)..]);
                break;
            case DType.UInt64:
                for (int i = 0; i < values.Length; i++)
                    values[i] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(8 * i)..]);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "unknown element type");
        }
    }
}
