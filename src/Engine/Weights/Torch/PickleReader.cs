using System.Buffers.Binary;
using System.Text;

namespace LungSeg.Engine.Weights.Torch;

/// <summary>
/// Reads a pickle's bytes through a small buffer, and keeps account of the memory that the pickle asks for, so that no
/// stream of cheap instructions can build something huge.
/// </summary>
internal sealed class PickleReader(ByteSource source, long position)
{
    // A network of a thousand modules with its optimizer needs a few MB.
    private const long MaxPickleBytes = 64 << 20, MaxMemory = 48 << 20;
    private const int MaxLineBytes = 1024, MaxIntegerBytes = 256;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly byte[] _buffer = new byte[(int)Math.Min(1 << 14, source.Length)];
    private readonly long _end = Math.Min(source.Length, position + MaxPickleBytes);
    private long _bufferStart;
    private int _bufferBytes;
    private long _memory;

    public ByteSource Source => source;

    /// <summary>Where the next byte is in the source.</summary>
    public long Position { get; private set; } = position;

    public CheckpointException Error(string message) => source.Error($"{message} (pickle byte {Position})");

    /// <summary>Notes that some bytes of memory are going to be used.</summary>
    public void Charge(long bytes)
    {
        _memory += bytes;
        if (_memory > MaxMemory)
            throw Error($"is refused: its pickle asks for more than {MaxMemory >> 20} MB, which no network needs");
    }

    public byte ReadByte()
    {
        if (Position >= _end)
            throw Error("is truncated or damaged: the pickle does not end");
        long at = Position - _bufferStart;
        if (at < 0 || at >= _bufferBytes)
        {
            _bufferStart = Position;
            _bufferBytes = (int)Math.Min(_buffer.Length, _end - Position);
            source.Read(_bufferStart, _buffer.AsSpan(0, _bufferBytes));
            at = 0;
        }
        Position++;
        return _buffer[at];
    }

    public int ReadUInt16() => ReadByte() | (ReadByte() << 8);

    public uint ReadUInt32() => (uint)ReadUInt16() | ((uint)ReadUInt16() << 16);

    public long ReadInt64() => ReadUInt32() | ((long)ReadUInt32() << 32);

    public double ReadDouble()
    {
        Span<byte> bytes = stackalloc byte[8];
        foreach (ref byte b in bytes)
            b = ReadByte();
        return BinaryPrimitives.ReadDoubleBigEndian(bytes);
    }

    public byte[] ReadBytes(long count)
    {
        if (count < 0 || count > _end - Position)
            throw Error($"is truncated or damaged: the pickle announces {count} bytes, {_end - Position} are left");
        Charge(count + 32);
        byte[] bytes = source.Read(Position, count);
        Position += count;
        return bytes;
    }

    public string ReadString(long count)
    {
        Charge(2 * Math.Max(0, count));
        return Decode(ReadBytes(count));
    }

    /// <summary>A little-endian two's complement integer: long where it fits.</summary>
    public object ReadInteger(long bytes)
    {
        if (bytes is < 0 or > MaxIntegerBytes)
            throw Error($"is refused: its pickle holds an integer of {bytes} bytes");
        var value = new System.Numerics.BigInteger(ReadBytes(bytes));
        return value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value;
    }

    /// <summary>Text up to a line feed, as the older opcodes have it.</summary>
    public string ReadLine()
    {
        List<byte> line = [];
        for (byte b; (b = ReadByte()) != '\n'; line.Add(b))
        {
            if (line.Count == MaxLineBytes)
                throw Error($"is refused: its pickle holds a line of more than {MaxLineBytes} bytes");
        }
        Charge(2 * line.Count + 32);
        return Decode([.. line]);
    }

    private string Decode(byte[] bytes)
    {
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw Error("is damaged: the pickle holds text that is not UTF-8");
        }
    }
}
