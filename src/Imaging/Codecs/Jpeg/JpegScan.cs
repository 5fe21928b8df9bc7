namespace LungSeg.Imaging.Codecs.Jpeg;

/// <summary>
/// One scan: which components it codes, and, in a progressive image, which coefficients and bits of them (ITU-T T.81, B.2.3). Blocks
/// come group by group where components are interleaved, else row by row.
/// </summary>
internal ref struct JpegScan
{
    private readonly JpegStructure _jpeg;
    private readonly JpegTables _tables;
    private readonly JpegComponent[] _components;
    private readonly JpegHuffman?[] _dc, _ac;
    private readonly int _from, _to, _high, _low;
    private JpegBitReader _bits;
    private int _endOfBand;

    private JpegScan(JpegStructure jpeg, JpegTables tables, JpegComponent[] all, ReadOnlySpan<byte> header, ReadOnlySpan<byte> data)
    {
        (_jpeg, _tables) = (jpeg, tables);
        _bits = new JpegBitReader(data);
        if (header.Length < 1 || header[0] is 0 or > 4 || header.Length != 4 + 2 * header[0])
            throw Damaged("a scan header is too short");
        int count = header[0];
        _components = new JpegComponent[count];
        (_dc, _ac) = (new JpegHuffman?[count], new JpegHuffman?[count]);
        (_from, _to, _high, _low) = jpeg.IsProgressive ? (header[^3], header[^2], header[^1] >> 4, header[^1] & 15) : (0, 63, 0, 0);
        bool valid = _from == 0 ? !jpeg.IsProgressive || _to == 0 : _to >= _from && _to <= 63 && count == 1;
        if (!valid || _low > 13 || (_high != 0 && _high != _low + 1))
            throw Damaged($"a scan of coefficients {_from} to {_to}, bits {_high} to {_low}, with {count} components");
        int blocks = 0;
        for (int i = 0; i < count; i++)
        {
            int id = header[1 + 2 * i], index = Array.FindIndex(jpeg.Components, c => c.Id == id);
            if (index < 0 || _components.AsSpan(0, i).Contains(all[index]))
                throw Damaged("a scan names a component that the image does not have, or one twice");
            _components[i] = all[index];
            all[index].LowestBit.AsSpan(_from, _to - _from + 1).Fill((sbyte)_low);
            _components[i].Quantisation ??= tables.Quantisation(all[index].Table);
            if (_from == 0 && _high == 0)
                _dc[i] = tables.Dc(header[2 + 2 * i] >> 4);
            if (_to > 0)
                _ac[i] = tables.Ac(header[2 + 2 * i] & 15);
            blocks += all[index].Horizontal * all[index].Vertical;
        }
        if (count > 1 && blocks > 10)
            throw Damaged($"{blocks} blocks are interleaved, at most 10 are allowed");
    }

    /// <summary>Decodes a scan into the components.</summary>
    public static void Decode(JpegStructure jpeg, JpegTables tables, JpegComponent[] all, ReadOnlySpan<byte> header,
        ReadOnlySpan<byte> data) =>
        new JpegScan(jpeg, tables, all, header, data).Decode();

    private void Decode()
    {
        bool alone = _components.Length == 1;
        JpegComponent first = _components[0];
        int wide = alone ? first.BlocksWide : first.StoredWide / first.Horizontal;
        int high = alone ? first.BlocksHigh : first.Samples.Length / 64 / first.StoredWide / first.Vertical;
        Span<short> block = stackalloc short[64];
        int left = _tables.RestartInterval, restarts = 0;
        Restart();
        for (int y = 0; y < high; y++)
        {
            for (int x = 0; x < wide; x++)
            {
                if (_tables.RestartInterval > 0 && left-- == 0)
                {
                    if (_bits.HasOverrun || !_bits.TakeRestart(restarts++ & 7))
                        throw Damaged("no restart mark where one was expected");
                    Restart();
                    left = _tables.RestartInterval - 1;
                }
                if (alone)
                {
                    DecodeBlock(0, x, y, block);
                    continue;
                }
                for (int i = 0; i < _components.Length; i++)
                    for (int v = 0; v < _components[i].Vertical; v++)
                        for (int h = 0; h < _components[i].Horizontal; h++)
                            DecodeBlock(i, x * _components[i].Horizontal + h, y * _components[i].Vertical + v, block);
            }
            if (_bits.HasOverrun)
                throw new ImageException("the JPEG file is truncated or damaged: the data of a scan ends before its last block");
        }
    }

    private void Restart()
    {
        _endOfBand = 0;
        foreach (JpegComponent component in _components)
            component.Predicted = 0;
    }

    private void DecodeBlock(int i, int x, int y, scoped Span<short> block)
    {
        JpegComponent component = _components[i];
        if (!_jpeg.IsProgressive)
        {
            block.Clear();
            DecodeSequential(component, _dc[i]!, _ac[i]!, block);
            component.Transform(x, y, block);
        }
        else if (_from == 0)
        {
            DecodeDc(component, _dc[i], component.Block(x, y));
        }
        else if (_high == 0)
        {
            DecodeAcFirst(_ac[i]!, component.Block(x, y));
        }
        else
        {
            DecodeAcRefinement(_ac[i]!, component.Block(x, y));
        }
    }

    private void DecodeSequential(JpegComponent component, JpegHuffman dc, JpegHuffman ac, scoped Span<short> block)
    {
        component.Predicted += ReadDcDifference(dc);
        block[0] = (short)component.Predicted;
        for (int k = 1; k < 64; k++)
        {
            _bits.Fill();
            int symbol = ac.Read(ref _bits), size = symbol & 15;
            k += symbol >> 4;
            if (size == 0)
            {
                if (symbol != 0xF0)
                    return;
                continue;
            }
            if (k > 63)
                throw Damaged("a run of zeros goes over the end of a block");
            block[JpegTables.ZigZag[k]] = (short)_bits.TakeSigned(size);
        }
    }

    private int ReadDcDifference(JpegHuffman dc)
    {
        _bits.Fill();
        int size = dc.Read(ref _bits);
        if (size > 15)
            throw Damaged($"a DC difference of {size} bits");
        return size == 0 ? 0 : _bits.TakeSigned(size);
    }

    private void DecodeDc(JpegComponent component, JpegHuffman? dc, scoped Span<short> block)
    {
        if (dc is not null)
        {
            component.Predicted += ReadDcDifference(dc);
            block[0] = (short)(component.Predicted << _low);
            return;
        }
        _bits.Fill();
        if (_bits.Take(1) != 0)
            block[0] |= (short)(1 << _low);
    }

    private void DecodeAcFirst(JpegHuffman ac, scoped Span<short> block)
    {
        if (_endOfBand > 0)
        {
            _endOfBand--;
            return;
        }
        for (int k = _from; k <= _to; k++)
        {
            _bits.Fill();
            int symbol = ac.Read(ref _bits), run = symbol >> 4, size = symbol & 15;
            if (size == 0 && run < 15)
            {
                _endOfBand = (1 << run) - 1 + (run > 0 ? _bits.Take(run) : 0);
                return;
            }
            k += run;
            if (size == 0)
                continue;
            if (k > 63)
                throw Damaged("a run of zeros goes over the end of a block");
            block[JpegTables.ZigZag[k]] = (short)(_bits.TakeSigned(size) << _low);
        }
    }

    /// <summary>Adds one bit to coefficients that are not 0, and brings in new ones of plus or minus that bit (T.81, G.1.2.3).</summary>
    private void DecodeAcRefinement(JpegHuffman ac, scoped Span<short> block)
    {
        short plus = (short)(1 << _low), minus = (short)-plus;
        int k = _from;
        if (_endOfBand == 0)
        {
            for (; k <= _to; k++)
            {
                _bits.Fill();
                int symbol = ac.Read(ref _bits), run = symbol >> 4, size = symbol & 15;
                short value = 0;
                if (size == 1)
                {
                    value = _bits.Take(1) != 0 ? plus : minus;
                }
                else if (size != 0)
                {
                    throw Damaged("a new coefficient of more than one bit in a refinement");
                }
                else if (run < 15)
                {
                    _endOfBand = (1 << run) + (run > 0 ? _bits.Take(run) : 0);
                    break;
                }
                for (; k <= _to; k++)
                {
                    ref short coefficient = ref block[JpegTables.ZigZag[k]];
                    if (coefficient != 0)
                        Refine(ref coefficient, plus, minus);
                    else if (run-- == 0)
                    {
                        coefficient = value;
                        break;
                    }
                }
            }
        }
        if (_endOfBand == 0)
            return;
        for (; k <= _to; k++)
        {
            ref short coefficient = ref block[JpegTables.ZigZag[k]];
            if (coefficient != 0)
                Refine(ref coefficient, plus, minus);
        }
        _endOfBand--;
    }

    private void Refine(ref short coefficient, short plus, short minus)
    {
        _bits.Fill();
        if (_bits.Take(1) != 0 && (coefficient & plus) == 0)
            coefficient += coefficient > 0 ? plus : minus;
    }

    private static ImageException Damaged(string what) => new($"the JPEG file is damaged: {what}");
}
