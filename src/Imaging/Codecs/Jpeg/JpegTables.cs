using System.Buffers.Binary;

namespace LungSeg.Imaging.Codecs.Jpeg;

/// <summary>The tables that segments between scans define and redefine: quantisation, Huffman codes, restart interval.</summary>
internal sealed class JpegTables
{
    private readonly int[]?[] _quantisation = new int[]?[4];
    private readonly JpegHuffman?[] _dc = new JpegHuffman?[4], _ac = new JpegHuffman?[4];

    /// <summary>From the order in which coefficients are coded to rows of eight.</summary>
    public static ReadOnlySpan<byte> ZigZag =>
    [
        0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
        35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
    ];

    /// <summary>Groups of blocks between restart markers; 0 for none.</summary>
    public int RestartInterval { get; private set; }

    public int[] Quantisation(int number) =>
        _quantisation.ElementAtOrDefault(number)
            ?? throw new ImageException("the JPEG file is damaged: a component uses a quantisation table that is not defined");

    public JpegHuffman Dc(int number) => _dc.ElementAtOrDefault(number) ?? throw Undefined();

    public JpegHuffman Ac(int number) => _ac.ElementAtOrDefault(number) ?? throw Undefined();

    public void ReadQuantisation(ReadOnlySpan<byte> body)
    {
        while (body.Length > 0)
        {
            (int wide, int number) = (body[0] >> 4, body[0] & 15);
            int bytes = wide == 0 ? 64 : 128;
            if (wide > 1 || number > 3 || body.Length < 1 + bytes)
                throw new ImageException("the JPEG file is damaged: a quantisation table makes no sense");
            int[] table = new int[64];
            for (int i = 0; i < 64; i++)
                table[ZigZag[i]] = wide == 0 ? body[1 + i] : BinaryPrimitives.ReadUInt16BigEndian(body[(1 + 2 * i)..]);
            _quantisation[number] = table;
            body = body[(1 + bytes)..];
        }
    }

    public void ReadHuffman(ReadOnlySpan<byte> body)
    {
        while (body.Length > 0)
        {
            int total = 0;
            for (int i = 1; i <= 16 && i < body.Length; i++)
                total += body[i];
            if (body.Length < 17 + total || (body[0] & 0xEC) != 0 || total > 256)
                throw new ImageException("the JPEG file is damaged: a Huffman table makes no sense");
            (body[0] >> 4 == 0 ? _dc : _ac)[body[0] & 3] = new JpegHuffman(body[1..17], body.Slice(17, total));
            body = body[(17 + total)..];
        }
    }

    public void ReadRestartInterval(ReadOnlySpan<byte> body)
    {
        if (body.Length < 2)
            throw new ImageException("the JPEG file is damaged: its restart interval makes no sense");
        RestartInterval = BinaryPrimitives.ReadUInt16BigEndian(body);
    }

    private static ImageException Undefined() => new("the JPEG file is damaged: a scan uses a Huffman table that is not defined");
}
