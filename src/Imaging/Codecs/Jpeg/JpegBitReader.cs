using System.Buffers.Binary;

namespace LungSeg.Imaging.Codecs.Jpeg;

/// <summary>
/// Reads the bits of entropy-coded data, highest first, stuffed zeros taken out, up to the next marker. Beyond it there are zeros, and
/// <see cref="HasOverrun"/> says whether any of them was used.
/// </summary>
internal ref struct JpegBitReader(ReadOnlySpan<byte> data)
{
    private readonly ReadOnlySpan<byte> _data = data;
    private ulong _window;
    private int _count, _at, _padding;

    public readonly bool HasOverrun => _count < _padding;

    /// <summary>Makes at least 56 bits ready for <see cref="Peek"/> and <see cref="Take"/>.</summary>
    public void Fill()
    {
        if (_count >= 56)
            return;
        if (_data.Length - _at >= 8)
        {
            ulong next = BinaryPrimitives.ReadUInt64BigEndian(_data[_at..]);
            // No byte is 0xFF where none of their complements is 0.
            if (((~next - 0x0101010101010101) & next & 0x8080808080808080) == 0)
            {
                int bytes = 64 - _count >> 3;
                // Bits of a last, partial byte come again with the next filling, and are the same.
                _window |= next >> _count;
                _count += 8 * bytes;
                _at += bytes;
                return;
            }
        }
        FillByByte();
    }

    /// <summary>The next bits, 1 to 32, of those made ready.</summary>
    public readonly int Peek(int bits) => (int)(_window >> 64 - bits);

    public void Skip(int bits)
    {
        _window <<= bits;
        _count -= bits;
    }

    /// <summary>The next bits, 1 to 16, as a number.</summary>
    public int Take(int bits)
    {
        int value = (int)(_window >> 64 - bits);
        Skip(bits);
        return value;
    }

    /// <summary>A number of so many bits, 1 to 16, as JPEG writes it: those that begin with 0 are negative (ITU-T T.81, F.2.2.1).</summary>
    public int TakeSigned(int bits)
    {
        int value = Take(bits);
        return value < 1 << bits - 1 ? value - (1 << bits) + 1 : value;
    }

    /// <summary>Goes behind the restart marker of a number, 0 to 7; false where it does not come next.</summary>
    public bool TakeRestart(int number)
    {
        if (_count - _padding >= 8)
            return false;
        while (_at + 1 < _data.Length && _data[_at] == 0xFF && _data[_at + 1] == 0xFF)
            _at++;
        if (_data.Length - _at < 2 || _data[_at] != 0xFF || _data[_at + 1] != 0xD0 + number)
            return false;
        (_window, _count, _padding, _at) = (0, 0, 0, _at + 2);
        return true;
    }

    private void FillByByte()
    {
        while (_count < 57)
        {
            byte next = 0;
            if (_at < _data.Length && _data[_at] != 0xFF)
                next = _data[_at++];
            else if (_at + 1 < _data.Length && _data[_at + 1] == 0)
                (next, _at) = (0xFF, _at + 2);
            else
                _padding += 8;
            _window |= (ulong)next << 56 - _count;
            _count += 8;
        }
    }
}
