namespace LungSeg.Imaging.Codecs.Jpeg2000;

/// <summary>The bits of packet headers (ISO/IEC 15444-1, B.10.1): after a byte 0xFF one bit is stuffed.</summary>
internal ref struct PacketBits(ReadOnlySpan<byte> bytes, int at)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _current, _left;

    /// <summary>The next byte that was not begun.</summary>
    public int At { get; private set; } = at;

    public int Read()
    {
        if (_left == 0)
            Load();
        return _current >> --_left & 1;
    }

    public int Read(int count)
    {
        int value = 0;
        while (count-- > 0)
            value = value << 1 | Read();
        return value;
    }

    /// <summary>Ends a header: to the next whole byte, and past the stuffed one where the last was 0xFF.</summary>
    public void Align()
    {
        _left = 0;
        if (_current == 0xFF)
            Load();
        (_left, _current) = (0, 0);
    }

    private void Load()
    {
        if (At >= _bytes.Length)
            throw Codestream.Truncated("its packet headers end early");
        _left = _current == 0xFF ? 7 : 8;
        _current = _bytes[At++];
    }
}
