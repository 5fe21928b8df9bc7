namespace LungSeg.Imaging.Codecs.Jpeg;

/// <summary>Writes a scan's bits, the highest first; a byte of 255 is followed by a zero, as nothing in a scan may look like a marker.</summary>
internal sealed class JpegBitWriter(List<byte> file)
{
    private int _bits, _count;

    public void Write((int Code, int Length) code)
    {
        _bits = _bits << code.Length | code.Code;
        for (_count += code.Length; _count >= 8; _count -= 8)
        {
            byte next = (byte)(_bits >> _count - 8);
            file.Add(next);
            if (next == 0xFF)
                file.Add(0);
        }
        _bits &= (1 << _count) - 1;
    }

    /// <summary>Fills the last byte with ones.</summary>
    public void Finish()
    {
        if (_count > 0)
            Write(((1 << 8 - _count) - 1, 8 - _count));
    }
}
