using System.Runtime.CompilerServices;

namespace LungSeg.Imaging.Codecs.Jpeg;

/// <summary>A canonical Huffman code of JPEG (ITU-T T.81, annex C): codes of up to 16 bits, the short ones by table.</summary>
internal sealed class JpegHuffman
{
    private const int Quick = 9;

    private readonly byte[] _symbols;
    private readonly ushort[] _quick = new ushort[1 << Quick];
    private readonly int[] _end = new int[17], _shiftToIndex = new int[17];

    /// <summary>Builds the code from its count of codes of each length, 1 to 16, and the symbols in the order of their codes.</summary>
    public JpegHuffman(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols)
    {
        _symbols = symbols.ToArray();
        int code = 0, index = 0;
        for (int length = 1; length <= 16; length++)
        {
            int count = counts[length - 1];
            if (code + count > 1 << length)
                throw new ImageException("the JPEG data is damaged: a Huffman table has too many codes");
            _shiftToIndex[length] = index - code;
            for (int i = 0; i < count; i++, code++, index++)
                if (length <= Quick)
                    Array.Fill(_quick, (ushort)(length << 8 | _symbols[index]), code << Quick - length, 1 << Quick - length);
            _end[length] = code;
            code <<= 1;
        }
    }

    /// <summary>The next symbol; 16 bits must be ready.</summary>
    public int Read(ref JpegBitReader bits)
    {
        int symbol = Symbol(bits.Peek(16), out int length);
        bits.Skip(length);
        return symbol;
    }

    /// <summary>The symbol whose code begins 16 bits, and the code's length.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Symbol(int ahead, out int length)
    {
        int entry = _quick[ahead >> 16 - Quick];
        length = entry >> 8;
        return entry != 0 ? entry & 0xFF : LongSymbol(ahead, out length);
    }

    private int LongSymbol(int ahead, out int length)
    {
        for (length = Quick + 1; length <= 16; length++)
        {
            int code = ahead >> 16 - length;
            if (code < _end[length])
                return _symbols[code + _shiftToIndex[length]];
        }
        throw new ImageException("the JPEG data is damaged: it holds a code that no Huffman table has");
    }
}
