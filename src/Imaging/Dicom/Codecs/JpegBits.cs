using System.Buffers.Binary;

namespace LungSeg.Imaging.Dicom.Codecs;

/// <summary>
/// Reads bits, highest first, from entropy-coded data up to the next marker. After a byte 0xFF, JPEG stuffs a byte 0 and JPEG-LS one
/// bit 0.
/// </summary>
internal ref struct JpegBits(ReadOnlySpan<byte> data, int at, bool isJpegLs)
{
    private readonly ReadOnlySpan<byte> _data = data;
    private ulong _window;
    private int _count, _at = at;
    private bool _afterFF;

    /// <summary>Where the marker is that ended the data, after all bits up to it were read.</summary>
    public readonly int Position => _at;

    /// <summary>The next 16 bits; beyond the data's end they are 0 and cannot be skipped.</summary>
    public int Peek16()
    {
        if (_count < 16)
            Fill();
        return (int)(_window >> 48);
    }

    public void Skip(int bits)
    {
        if (bits > _count)
            throw new ImageException("the DICOM file is truncated or damaged: its JPEG data ends before the last pixel");
        _window <<= bits;
        _count -= bits;
    }

    /// <summary>The next 0 to 16 bits as a number.</summary>
    public int Read(int bits)
    {
        if (bits == 0)
            return 0;
        int value = Peek16() >> 16 - bits;
        Skip(bits);
        return value;
    }

    /// <summary>Goes behind the marker that ended the data, where that is a restart; false where it is not.</summary>
    public bool TakeRestart(int number)
    {
        if (_count <= 16)
            Fill();
        if (_count >= 8 || _data.Length - _at < 2 || _data[_at] != 0xFF || _data[_at + 1] != 0xD0 + number)
            return false;
        (_window, _count, _at, _afterFF) = (0, 0, _at + 2, false);
        return true;
    }

    /// <summary>Passes over what is left of a scan, up to the next marker.</summary>
    public int FindMarker()
    {
        while (_at + 1 < _data.Length && !(_data[_at] == 0xFF && _data[_at + 1] >= (isJpegLs ? 0x80 : 1)))
            _at++;
        return _at;
    }

    private void Fill()
    {
        if (!_afterFF && _data.Length - _at >= 8)
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

    private void FillByByte()
    {
        while (_count <= 56 && _at < _data.Length)
        {
            byte next = _data[_at];
            int bits = 8;
            if (isJpegLs)
            {
                // After 0xFF a set high bit makes a marker, a clear one is stuffing.
                if (_afterFF)
                    bits = 7;
                if (next == 0xFF && (_at + 1 >= _data.Length || _data[_at + 1] >= 0x80))
                    return;
                _afterFF = next == 0xFF;
                _at++;
            }
            else if (next == 0xFF)
            {
                if (_at + 1 >= _data.Length || _data[_at + 1] != 0)
                    return;
                _at += 2;
            }
            else
            {
                _at++;
            }
            _window |= (ulong)next << 64 - bits - _count;
            _count += bits;
        }
    }
}
