using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LungSeg.Imaging.Codecs.Jpeg2000;

/// <summary>
/// The MQ arithmetic decoder (ISO/IEC 15444-1, annex C) and the reader of bits that bypass it. Its registers are the caller's local
/// variables, so that they stay in processor registers. A codeword segment is followed by two bytes 0xFF, which no decoder passes.
/// </summary>
internal static unsafe class MqCoder
{
    public const int Contexts = 19, RunLength = 17, Uniform = 18;
    private const int States = 47;

    /// <summary>
    /// Table C.2: probability, next state after the more and the less probable symbol, and whether the latter exchanges them.
    /// </summary>
    private static readonly (ushort Qe, byte Mps, byte Lps, byte Switch)[] Table =
    [
        (0x5601, 1, 1, 1), (0x3401, 2, 6, 0), (0x1801, 3, 9, 0), (0x0AC1, 4, 12, 0), (0x0521, 5, 29, 0), (0x0221, 38, 33, 0),
        (0x5601, 7, 6, 1), (0x5401, 8, 14, 0), (0x4801, 9, 14, 0), (0x3801, 10, 14, 0), (0x3001, 11, 17, 0), (0x2401, 12, 18, 0),
        (0x1C01, 13, 20, 0), (0x1601, 29, 21, 0), (0x5601, 15, 14, 1), (0x5401, 16, 14, 0), (0x5101, 17, 15, 0), (0x4801, 18, 16, 0),
        (0x3801, 19, 17, 0), (0x3401, 20, 18, 0), (0x3001, 21, 19, 0), (0x2801, 22, 19, 0), (0x2401, 23, 20, 0), (0x2201, 24, 21, 0),
        (0x1C01, 25, 22, 0), (0x1801, 26, 23, 0), (0x1601, 27, 24, 0), (0x1401, 28, 25, 0), (0x1201, 29, 26, 0), (0x1101, 30, 27, 0),
        (0x0AC1, 31, 28, 0), (0x09C1, 32, 29, 0), (0x08A1, 33, 30, 0), (0x0521, 34, 31, 0), (0x0441, 35, 32, 0), (0x02A1, 36, 33, 0),
        (0x0221, 37, 34, 0), (0x0141, 38, 35, 0), (0x0111, 39, 36, 0), (0x0085, 40, 37, 0), (0x0049, 41, 38, 0), (0x0025, 42, 39, 0),
        (0x0015, 43, 40, 0), (0x0009, 44, 41, 0), (0x0005, 45, 42, 0), (0x0001, 45, 43, 0), (0x5601, 46, 46, 0),
    ];

    /// <summary>
    /// Two entries for each state, its more probable symbol 0 and 1: the probability in the high 16 bits, then the entries that follow a
    /// less and a more probable symbol, seven bits each, then the symbol. A context holds its entry itself.
    /// </summary>
    private static readonly uint* Entries = MakeEntries();

    /// <summary>Puts all contexts to their first states (table D.7).</summary>
    public static void Reset(uint* contexts)
    {
        for (int i = 0; i < Contexts; i++)
            contexts[i] = Entries[0];
        contexts[0] = Entries[2 * 4];
        contexts[RunLength] = Entries[2 * 3];
        contexts[Uniform] = Entries[2 * 46];
    }

    /// <summary>Begins a codeword segment at <paramref name="next"/>.</summary>
    public static void Start(out uint a, out uint c, out int left, ref byte* next)
    {
        c = (uint)*next << 16;
        left = 0;
        Load(ref c, ref left, ref next);
        c <<= 7;
        left -= 7;
        a = 0x8000;
    }

    /// <summary>Decodes one decision.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Decode(uint* context, ref uint a, ref uint c, ref int left, ref byte* next)
    {
        uint entry = *context, qe = entry >> 16, symbol = entry & 1;
        a -= qe;
        if (c >> 16 >= qe)
        {
            c -= qe << 16;
            if ((a & 0x8000) != 0)
                return symbol;
            if (a < qe)
            {
                symbol ^= 1;
                entry >>= 8;
            }
            else
            {
                entry >>= 1;
            }
        }
        else
        {
            if (a < qe)
            {
                entry >>= 1;
            }
            else
            {
                symbol ^= 1;
                entry >>= 8;
            }
            a = qe;
        }
        *context = Entries[entry & 0x7F];
        do
        {
            if (left == 0)
                Load(ref c, ref left, ref next);
            a <<= 1;
            c <<= 1;
            left--;
        }
        while ((a & 0x8000) == 0);
        return symbol;
    }

    /// <summary>Reads one bit that bypasses the arithmetic coder (D.6); <paramref name="c"/> holds the current byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint ReadRaw(ref uint c, ref int left, ref byte* next)
    {
        if (left == 0)
        {
            bool stuffed = c == 0xFF;
            if (stuffed && *next > 0x8F)
            {
                left = 8;
            }
            else
            {
                c = *next++;
                left = stuffed ? 7 : 8;
            }
        }
        return c >> --left & 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Load(ref uint c, ref int left, ref byte* next)
    {
        uint following = next[1];
        if (*next != 0xFF)
        {
            next++;
            c += following << 8;
            left = 8;
        }
        else if (following > 0x8F)
        {
            c += 0xFF00;
            left = 8;
        }
        else
        {
            next++;
            c += following << 9;
            left = 7;
        }
    }

    private static uint* MakeEntries()
    {
        uint* entries = (uint*)NativeMemory.Alloc(2 * States, sizeof(uint));
        for (uint i = 0; i < States; i++)
            for (uint symbol = 0; symbol < 2; symbol++)
            {
                (ushort qe, byte mps, byte lps, byte exchange) = Table[i];
                entries[2 * i + symbol] = (uint)qe << 16 | (2u * lps + (symbol ^ exchange)) << 8 | (2u * mps + symbol) << 1 | symbol;
            }
        return entries;
    }
}
