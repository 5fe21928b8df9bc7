using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace LungSeg.Benchmarks.Onnx;

/// <summary>Writes protocol-buffer fields one after the other.</summary>
internal sealed class ProtoWriter : IDisposable
{
    private const int LengthBytes = 5;
    private readonly MemoryStream _bytes = new();

    public byte[] ToArray() => _bytes.ToArray();

    public void Dispose() => _bytes.Dispose();

    public void Int(int field, long value)
    {
        Varint(((ulong)field << 3) | 0);
        Varint((ulong)value);
    }

    public void Float(int field, float value)
    {
        Varint(((ulong)field << 3) | 5);
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        _bytes.Write(bytes);
    }

    public void String(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    /// <summary>Little-endian values, as ONNX stores a tensor's raw data.</summary>
    public void Raw<T>(int field, ReadOnlySpan<T> values) where T : unmanaged => Bytes(field, MemoryMarshal.AsBytes(values));

    /// <summary>
    /// A nested message. Its length is known only afterwards, so five bytes are set aside: a varint may be longer than it need
    /// be, and weights of hundreds of megabytes are not copied from level to level.
    /// </summary>
    public void Message(int field, Action body)
    {
        Varint(((ulong)field << 3) | 2);
        long at = _bytes.Position;
        _bytes.Write(stackalloc byte[LengthBytes]);
        body();
        long end = _bytes.Position, length = end - at - LengthBytes;
        _bytes.Position = at;
        for (int i = 0; i < LengthBytes; i++)
            _bytes.WriteByte((byte)(((length >> (7 * i)) & 0x7f) | (i < LengthBytes - 1 ? 0x80L : 0L)));
        _bytes.Position = end;
    }

    private void Bytes(int field, ReadOnlySpan<byte> bytes)
    {
        Varint(((ulong)field << 3) | 2);
        Varint((ulong)bytes.Length);
        _bytes.Write(bytes);
    }

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7) _bytes.WriteByte((byte)(value | 0x80));
        _bytes.WriteByte((byte)value);
    }
}
