using System.Buffers.Binary;
using LungSeg.Imaging.Codecs.Jpeg;

namespace LungSeg.Imaging.Dicom.Codecs;

/// <summary>
/// Lossless JPEG with Huffman coding (ITU-T T.81, annex H; process 14): all seven predictors, 2 to 16 bits, point transform,
/// restart intervals, components interleaved or in scans of their own.
/// </summary>
internal sealed class JpegLossless
{
    private const int DefineHuffman = 0xC4, Frame3 = 0xC3, RestartInterval = 0xDD;

    private readonly JpegHuffman?[] _tables = new JpegHuffman?[4];
    private readonly ImagePixel _image;
    private readonly ushort[] _cells;
    private readonly JpegFrameHeader _header;
    private readonly bool[] _decoded;
    private int _restartRows;

    private JpegLossless(ImagePixel image, JpegFrameHeader header)
    {
        (_image, _header) = (image, header);
        _cells = new ushort[image.Pixels * image.Samples];
        _decoded = new bool[image.Samples];
    }

    public static Frame Decode(byte[] coded, ImagePixel image)
    {
        // A sample takes at least one bit.
        if ((long)image.Pixels * image.Samples > 8L * coded.Length)
            throw new ImageException(
                $"the DICOM file is truncated: {coded.Length} bytes of lossless JPEG cannot hold {image.Columns} x {image.Rows} pixels");
        JpegFrameHeader? header = null;
        JpegLossless? decoder = null;
        JpegSegments segments = new(coded);
        List<(int Class, JpegHuffman Table)> early = [];
        int restart = 0;
        while (segments.Next())
        {
            switch (segments.Marker)
            {
                case Frame3 when header is null:
                    header = JpegFrameHeader.Read(segments.Body, image);
                    decoder = new JpegLossless(image, header);
                    break;
                case Frame3:
                    throw new ImageException("the DICOM file is damaged: its JPEG data has two frame headers");
                case DefineHuffman:
                    ReadTables(segments.Body, early);
                    break;
                case RestartInterval when segments.Body.Length >= 2:
                    restart = BinaryPrimitives.ReadUInt16BigEndian(segments.Body);
                    break;
                case JpegSegments.StartOfScan:
                    if (decoder is null)
                        throw new ImageException("the DICOM file is damaged: a scan comes before the frame header of its JPEG data");
                    foreach ((int number, JpegHuffman table) in early)
                        decoder._tables[number] = table;
                    early.Clear();
                    segments.At = decoder.ReadScan(coded, segments.Body, segments.At, restart);
                    // What follows the last pixel tells nothing more.
                    if (Array.TrueForAll(decoder._decoded, d => d))
                        return new Frame(decoder._cells, header!.Precision) { StrayBytes = segments.StrayBytes };
                    break;
            }
        }
        throw new ImageException("the DICOM file is truncated: its JPEG data lacks a component");
    }

    private static void ReadTables(ReadOnlySpan<byte> body, List<(int, JpegHuffman)> tables)
    {
        while (body.Length > 0)
        {
            int total = 0;
            for (int i = 1; i <= 16 && i < body.Length; i++)
                total += body[i];
            if (body.Length < 17 + total || body[0] > 3 || total > 17)
                throw new ImageException("the DICOM file is damaged: a Huffman table of its JPEG data makes no sense");
            tables.Add((body[0], new JpegHuffman(body[1..17], body.Slice(17, total))));
            body = body[(17 + total)..];
        }
    }

    private int ReadScan(byte[] coded, ReadOnlySpan<byte> body, int at, int restart)
    {
        int[] components = _header.ComponentsOfScan(body);
        JpegHuffman[] tables = new JpegHuffman[components.Length];
        for (int i = 0; i < components.Length; i++)
        {
            tables[i] = (body[2 + 2 * i] >> 4) is < 4 and var number && _tables[number] is { } table
                ? table
                : throw new ImageException("the DICOM file is damaged: a JPEG scan uses a Huffman table that is not defined");
            if (_decoded[components[i]])
                throw new ImageException("the DICOM file is damaged: its JPEG data codes a component twice");
            _decoded[components[i]] = true;
        }
        (int predictor, int shift) = (body[^3], body[^1] & 15);
        if (predictor is < 1 or > 7 || shift >= _header.Precision)
            throw new ImageException($"the DICOM file is damaged: predictor {predictor} and point transform {shift} in lossless JPEG");
        if (restart % _image.Columns != 0)
            throw new ImageException(
                $"the DICOM file is damaged: a restart interval of {restart} in lossless JPEG of {_image.Columns} columns");
        _restartRows = restart / _image.Columns;
        return ReadRows(coded, at, components, tables, predictor, shift);
    }

    private int ReadRows(byte[] coded, int at, int[] components, JpegHuffman[] tables, int predictor, int shift)
    {
        JpegBits bits = new(coded, at, isJpegLs: false);
        int step = _image.Samples, stride = _image.Columns * step, restarts = 0;
        for (int y = 0; y < _image.Rows; y++)
        {
            bool first = y == 0;
            if (_restartRows > 0 && y > 0 && y % _restartRows == 0)
            {
                if (!bits.TakeRestart(restarts++ & 7))
                    throw new ImageException($"the DICOM file is damaged: no restart mark before row {y} of its JPEG data");
                first = true;
            }
            for (int x = 0; x < _image.Columns; x++)
                for (int i = 0; i < components.Length; i++)
                {
                    int cell = y * stride + x * step + components[i];
                    int predicted = first
                        ? x == 0 ? 1 << _header.Precision - shift - 1 : _cells[cell - step]
                        : x == 0 ? _cells[cell - stride]
                        : Predict(predictor, _cells[cell - step], _cells[cell - stride], _cells[cell - stride - step]);
                    _cells[cell] = (ushort)(predicted + ReadDifference(tables[i], ref bits));
                }
        }
        if (shift > 0)
            foreach (int c in components)
                for (int cell = c; cell < _cells.Length; cell += step)
                    _cells[cell] <<= shift;
        return bits.FindMarker();
    }

    private static int Predict(int predictor, int left, int above, int corner) => predictor switch
    {
        1 => left,
        2 => above,
        3 => corner,
        4 => left + above - corner,
        5 => left + (above - corner >> 1),
        6 => above + (left - corner >> 1),
        _ => left + above >> 1,
    };

    private static int ReadDifference(JpegHuffman table, ref JpegBits bits)
    {
        int size = table.Symbol(bits.Peek16(), out int length);
        bits.Skip(length);
        if (size == 0)
            return 0;
        if (size == 16)
            return 1 << 15;
        if (size > 16)
            throw new ImageException("the DICOM file is damaged: a difference of more than 16 bits in lossless JPEG");
        int value = bits.Read(size);
        return value >> size - 1 != 0 ? value : value - (1 << size) + 1;
    }
}
