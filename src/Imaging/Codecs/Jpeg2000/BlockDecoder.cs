using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LungSeg.Imaging.Codecs.Jpeg2000;

/// <summary>
/// Decodes code blocks (ISO/IEC 15444-1, annex D), one after the other; a thread has one of its own. A block is scanned in stripes of four
/// rows, and a word of flags tells of four coefficients of a column: bits 0 to 17 the significance of the six rows from above to below
/// them, three columns each; 18 to 23 the signs of the column's six rows; 24 to 27 which were visited in this bit plane; 28 to 31 which
/// were refined.
/// </summary>
internal sealed unsafe class BlockDecoder : IDisposable
{
    private const int MaximumArea = 4096, MaximumSide = 1024, MaximumPlanes = 30;
    private const uint Neighbourhood = 0x1FF, Around = 0x1EF, Self = 0x10, Significant = 0x3FFFF, Visited = 0xF000000;
    private const int SignBit = 18, VisitBit = 24, RefinedBit = 28;

    private readonly uint* _flags, _contexts;
    private readonly int* _magnitudes, _region;
    private byte[] _bytes = new byte[8192];
    private int _width, _height, _flagWidth;
    private BlockStyle _style;
    private byte* _significance;

    // The coder's registers between two passes.
    private uint _a, _c;
    private int _left;
    private byte* _next;

    public BlockDecoder()
    {
        // The largest: a stripe of 1024 columns with a row of flags above and below, or one column more on each side of 1024 rows.
        _flags = (uint*)NativeMemory.AlignedAlloc(sizeof(uint) * 3 * (MaximumSide + 8), 64);
        _magnitudes = (int*)NativeMemory.AlignedAlloc(sizeof(int) * MaximumArea, 64);
        _region = (int*)NativeMemory.AlignedAlloc(sizeof(int) * MaximumArea, 64);
        _contexts = (uint*)NativeMemory.Alloc(MqCoder.Contexts, sizeof(uint));
    }

    /// <summary>
    /// Decodes a block of a subband to <paramref name="target"/>, rows <paramref name="stride"/> apart: whole numbers where the wavelet is
    /// reversible, else the bits of floating point ones. What is not known of a magnitude is taken to be in the middle.
    /// </summary>
    public void Decode(CodeBlock block, Area area, ReadOnlySpan<byte> packets, TileComponent component, Subband band, Span<int> target,
        int stride)
    {
        (_width, _height, _flagWidth, _style) = (area.Width, area.Height, area.Width + 2, component.Style.Style);
        _significance = BlockContexts.Significance(band.Orientation);
        int shift = component.RegionShift;
        if (Math.Max(block.BitPlanes - shift, Math.Min(block.BitPlanes, shift)) > MaximumPlanes)
            throw new ImageException(
                $"the JPEG 2000 data has a code block of {block.BitPlanes} bit planes, which is not supported; "
                + $"at most {MaximumPlanes} were expected");
        new Span<uint>(_flags, _flagWidth * ((_height + 3 >> 2) + 2)).Clear();
        new Span<int>(_magnitudes, _width * _height).Clear();
        MqCoder.Reset(_contexts);
        if (DecodePasses(block, packets, shift))
            for (int i = 0; i < _width * _height; i++)
                if (_region[i] != 0)
                    _magnitudes[i] = _region[i];
        // The lowest bit of a magnitude is half a step.
        Store(target, stride, component.Style.IsReversible ? 0 : band.Step / 2);
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    ~BlockDecoder() => Free();

    private void Free()
    {
        NativeMemory.AlignedFree(_flags);
        NativeMemory.AlignedFree(_magnitudes);
        NativeMemory.AlignedFree(_region);
        NativeMemory.Free(_contexts);
    }

    /// <summary>Runs all passes; true where a region of interest was set apart.</summary>
    private bool DecodePasses(CodeBlock block, ReadOnlySpan<byte> packets, int shift)
    {
        int[] ends = Gather(block, packets);
        int plane = block.BitPlanes - 1, kind = 2, pass = 0, start = 0;
        bool hasRegion = false;
        fixed (byte* bytes = _bytes)
        {
            for (int s = 0; s < block.Segments.Count && plane >= 0; s++)
            {
                byte* end = bytes + ends[s];
                // The first ten passes are always arithmetically coded; then significance and refinement may bypass the coder.
                bool raw = _style.HasFlag(BlockStyle.Bypass) && pass >= 10 && kind < 2;
                _next = bytes + start;
                if (raw)
                    (_c, _left) = (0, 0);
                else
                    MqCoder.Start(out _a, out _c, out _left, ref _next);
                for (int i = 0; i < block.Segments[s].Passes && plane >= 0; i++, pass++)
                {
                    // Values of a region lie above the shift, all others below it; they are never both.
                    if (shift > 0 && plane == shift - 1 && kind == 0)
                        hasRegion |= SetRegionApart();
                    int weight = plane >= shift ? plane - shift : plane;
                    int one = weight < MaximumPlanes ? 1 << weight + 1 : 0;
                    switch (kind)
                    {
                        case 0 when raw:
                            DecodeRawSignificance(one | one >> 1);
                            break;
                        case 0:
                            DecodeSignificance(one | one >> 1);
                            break;
                        case 1 when raw:
                            RefineRaw(one >> 1);
                            break;
                        case 1:
                            Refine(one >> 1);
                            break;
                        default:
                            CleanUp(one | one >> 1);
                            break;
                    }
                    if (kind == 1 && plane == shift - 1 && hasRegion)
                        DropHalves();
                    if (_style.HasFlag(BlockStyle.ResetContexts))
                        MqCoder.Reset(_contexts);
                    (kind, plane) = kind == 2 ? (0, plane - 1) : (kind + 1, plane);
                }
                if (_style.HasFlag(BlockStyle.PredictableTermination) && !raw)
                    CheckTermination(end);
                start = ends[s] + 2;
            }
        }
        return hasRegion;
    }

    /// <summary>Copies the codeword segments behind each other, two bytes 0xFF after each, and says where they end.</summary>
    private int[] Gather(CodeBlock block, ReadOnlySpan<byte> packets)
    {
        int needed = 2 * block.Segments.Count;
        foreach ((int _, int length) in block.Chunks)
            needed += length;
        if (_bytes.Length < needed)
            _bytes = new byte[Math.Max(needed, 2 * _bytes.Length)];
        int[] ends = new int[block.Segments.Count];
        int at = 0, chunk = 0;
        for (int s = 0; s < ends.Length; s++)
        {
            int start = at;
            while (at - start < block.Segments[s].Length)
            {
                (int offset, int length) = block.Chunks[chunk++];
                packets.Slice(offset, length).CopyTo(_bytes.AsSpan(at));
                at += length;
            }
            RefuseMarkers(_bytes.AsSpan(start, at - start));
            ends[s] = at;
            (_bytes[at], _bytes[at + 1]) = (0xFF, 0xFF);
            at += 2;
        }
        return ends;
    }

    /// <summary>Coders never write 0xFF and then more than 0x8F: what looks like a marker shows damage.</summary>
    private static void RefuseMarkers(ReadOnlySpan<byte> segment)
    {
        while (segment.IndexOf((byte)0xFF) is >= 0 and var at && at + 1 < segment.Length)
        {
            if (segment[at + 1] > 0x8F)
                throw Codestream.Damaged($"a marker 0xFF{segment[at + 1]:X2} inside a code block");
            segment = segment[(at + 1)..];
        }
    }

    /// <summary>A predictably terminated segment is used up when its last pass ends, and not read beyond.</summary>
    private void CheckTermination(byte* end)
    {
        if (_next + 2 < end)
            throw Codestream.Damaged("a code block's passes end before its data");
    }

    private bool SetRegionApart()
    {
        int count = _width * _height;
        new Span<int>(_magnitudes, count).CopyTo(new Span<int>(_region, count));
        new Span<int>(_magnitudes, count).Clear();
        return true;
    }

    /// <summary>What was decoded of a region below its shift is known to be 0, so that nothing is unknown of its values.</summary>
    private void DropHalves()
    {
        for (int i = 0; i < _width * _height; i++)
            _region[i] &= ~1;
    }

    private void DecodeSignificance(int value)
    {
        (uint a, uint c, int left) = (_a, _c, _left);
        byte* next = _next, significance = _significance;
        uint* contexts = _contexts;
        for (int y = 0; y < _height; y += 4)
        {
            int rows = Math.Min(4, _height - y);
            uint* flags = _flags + ((y >> 2) + 1) * _flagWidth + 1;
            int* magnitudes = _magnitudes + y * _width;
            for (int x = 0; x < _width; x++)
            {
                uint word = flags[x];
                if ((word & Significant) == 0)
                    continue;
                for (int i = 0; i < rows; i++)
                {
                    uint around = word >> 3 * i & Neighbourhood;
                    if ((around & Self) != 0 || around == 0)
                        continue;
                    if (MqCoder.Decode(contexts + significance[around], ref a, ref c, ref left, ref next) != 0)
                    {
                        uint sign = BlockContexts.Signs[SignIndex(flags + x, word, around, i)];
                        uint negative = MqCoder.Decode(contexts + (sign & 127), ref a, ref c, ref left, ref next) ^ sign >> 7;
                        magnitudes[x + i * _width] = value;
                        Mark(flags + x, i, negative);
                    }
                    flags[x] |= 1u << VisitBit + i;
                    word = flags[x];
                }
            }
        }
        (_a, _c, _left) = (a, c, left);
        _next = next;
    }

    private void DecodeRawSignificance(int value)
    {
        (uint c, int left) = (_c, _left);
        byte* next = _next;
        for (int y = 0; y < _height; y += 4)
        {
            int rows = Math.Min(4, _height - y);
            uint* flags = _flags + ((y >> 2) + 1) * _flagWidth + 1;
            int* magnitudes = _magnitudes + y * _width;
            for (int x = 0; x < _width; x++)
                for (int i = 0; i < rows; i++)
                {
                    uint around = flags[x] >> 3 * i & Neighbourhood;
                    if ((around & Self) != 0 || around == 0)
                        continue;
                    if (MqCoder.ReadRaw(ref c, ref left, ref next) != 0)
                    {
                        magnitudes[x + i * _width] = value;
                        Mark(flags + x, i, MqCoder.ReadRaw(ref c, ref left, ref next));
                    }
                    flags[x] |= 1u << VisitBit + i;
                }
        }
        (_c, _left) = (c, left);
        _next = next;
    }

    private void Refine(int half)
    {
        (uint a, uint c, int left) = (_a, _c, _left);
        byte* next = _next;
        uint* contexts = _contexts;
        for (int y = 0; y < _height; y += 4)
        {
            int rows = Math.Min(4, _height - y);
            uint* flags = _flags + ((y >> 2) + 1) * _flagWidth + 1;
            int* magnitudes = _magnitudes + y * _width;
            for (int x = 0; x < _width; x++)
            {
                uint word = flags[x];
                if ((word & Significant) == 0)
                    continue;
                for (int i = 0; i < rows; i++)
                {
                    if ((word >> 3 * i & Self) == 0 || (word >> VisitBit + i & 1) != 0)
                        continue;
                    int context = BlockContexts.Refinement((word >> RefinedBit + i & 1) == 0, (word >> 3 * i & Around) != 0);
                    uint bit = MqCoder.Decode(contexts + context, ref a, ref c, ref left, ref next);
                    magnitudes[x + i * _width] += bit != 0 ? half : -half;
                    word |= 1u << RefinedBit + i;
                }
                flags[x] = word;
            }
        }
        (_a, _c, _left) = (a, c, left);
        _next = next;
    }

    private void RefineRaw(int half)
    {
        (uint c, int left) = (_c, _left);
        byte* next = _next;
        for (int y = 0; y < _height; y += 4)
        {
            int rows = Math.Min(4, _height - y);
            uint* flags = _flags + ((y >> 2) + 1) * _flagWidth + 1;
            int* magnitudes = _magnitudes + y * _width;
            for (int x = 0; x < _width; x++)
                for (int i = 0; i < rows; i++)
                {
                    if ((flags[x] >> 3 * i & Self) == 0 || (flags[x] >> VisitBit + i & 1) != 0)
                        continue;
                    magnitudes[x + i * _width] += MqCoder.ReadRaw(ref c, ref left, ref next) != 0 ? half : -half;
                    flags[x] |= 1u << RefinedBit + i;
                }
        }
        (_c, _left) = (c, left);
        _next = next;
    }

    private void CleanUp(int value)
    {
        (uint a, uint c, int left) = (_a, _c, _left);
        byte* next = _next, significance = _significance;
        uint* contexts = _contexts;
        for (int y = 0; y < _height; y += 4)
        {
            int rows = Math.Min(4, _height - y);
            uint* flags = _flags + ((y >> 2) + 1) * _flagWidth + 1;
            int* magnitudes = _magnitudes + y * _width;
            for (int x = 0; x < _width; x++)
            {
                uint word = flags[x];
                int i = 0;
                bool found = false;
                // Four rows with nothing around them are told by one decision, and where the first one is by two.
                if ((word & (Significant | Visited)) == 0 && rows == 4)
                {
                    if (MqCoder.Decode(contexts + MqCoder.RunLength, ref a, ref c, ref left, ref next) == 0)
                        continue;
                    i = (int)MqCoder.Decode(contexts + MqCoder.Uniform, ref a, ref c, ref left, ref next) << 1;
                    i |= (int)MqCoder.Decode(contexts + MqCoder.Uniform, ref a, ref c, ref left, ref next);
                    found = true;
                }
                for (; i < rows; i++)
                {
                    uint around = word >> 3 * i & Neighbourhood;
                    if (!found)
                    {
                        if ((around & Self) != 0 || (word >> VisitBit + i & 1) != 0)
                            continue;
                        if (MqCoder.Decode(contexts + significance[around], ref a, ref c, ref left, ref next) == 0)
                            continue;
                    }
                    found = false;
                    uint sign = BlockContexts.Signs[SignIndex(flags + x, word, around, i)];
                    uint negative = MqCoder.Decode(contexts + (sign & 127), ref a, ref c, ref left, ref next) ^ sign >> 7;
                    magnitudes[x + i * _width] = value;
                    Mark(flags + x, i, negative);
                    word = flags[x];
                }
                flags[x] = word & ~Visited;
            }
        }
        uint symbol = 0;
        if (_style.HasFlag(BlockStyle.SegmentationSymbols))
            for (int i = 0; i < 4; i++)
                symbol = symbol << 1 | MqCoder.Decode(contexts + MqCoder.Uniform, ref a, ref c, ref left, ref next);
        (_a, _c, _left) = (a, c, left);
        _next = next;
        if (_style.HasFlag(BlockStyle.SegmentationSymbols) && symbol != 0xA)
            throw Codestream.Damaged("a code block lacks the mark that ends its bit plane");
    }

    /// <summary>The index in the table of signs: the four neighbours' significance, and whether they are negative.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint SignIndex(uint* flags, uint word, uint around, int row)
    {
        int at = SignBit + 1 + row;
        return around & 0xAA | word >> at - 1 & 1 | (flags[-1] >> at & 1) << 2 | (flags[1] >> at & 1) << 4 | (word >> at + 1 & 1) << 6;
    }

    /// <summary>Makes a coefficient significant for itself and its neighbours; below a vertically causal stripe nothing is seen.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Mark(uint* flags, int row, uint negative)
    {
        int bit = 3 * row + 3;
        flags[-1] |= 4u << bit;
        flags[0] |= 2u << bit | negative << SignBit + 1 + row;
        flags[1] |= 1u << bit;
        if (row == 0 && (_style & BlockStyle.VerticallyCausal) == 0)
        {
            uint* above = flags - _flagWidth;
            above[-1] |= 4u << 15;
            above[0] |= 2u << 15 | negative << SignBit + 5;
            above[1] |= 1u << 15;
        }
        if (row == 3)
        {
            uint* below = flags + _flagWidth;
            below[-1] |= 4;
            below[0] |= 2 | negative << SignBit;
            below[1] |= 1;
        }
    }

    private void Store(Span<int> target, int stride, float step)
    {
        for (int y = 0; y < _height; y++)
        {
            uint* flags = _flags + ((y >> 2) + 1) * _flagWidth + 1;
            int* magnitudes = _magnitudes + y * _width;
            Span<int> row = target.Slice(y * stride, _width);
            int sign = SignBit + 1 + (y & 3), x = 0;
            for (; x <= row.Length - Vector128<int>.Count; x += Vector128<int>.Count)
            {
                Vector128<int> negative = -(Vector128.Load(flags + x).AsInt32() >>> sign & Vector128<int>.One),
                    magnitude = Vector128.Load(magnitudes + x);
                if (step == 0)
                    (((magnitude >> 1) ^ negative) - negative).CopyTo(row[x..]);
                else
                    (Vector128.ConvertToSingle((magnitude ^ negative) - negative) * step).AsInt32().CopyTo(row[x..]);
            }
            for (; x < row.Length; x++)
            {
                int negative = -(int)(flags[x] >> sign & 1);
                row[x] = step == 0 ? (magnitudes[x] >> 1 ^ negative) - negative
                    : BitConverter.SingleToInt32Bits(((magnitudes[x] ^ negative) - negative) * step);
            }
        }
    }
}
