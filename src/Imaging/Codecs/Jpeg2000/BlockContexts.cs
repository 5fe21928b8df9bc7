using System.Runtime.InteropServices;

namespace LungSeg.Imaging.Codecs.Jpeg2000;

/// <summary>
/// The contexts of a code block's coefficients (ISO/IEC 15444-1, D.3), as tables. A neighbourhood is nine bits, one for each coefficient
/// that is significant: from the upper left to the lower right, row by row, the coefficient itself in the middle.
/// </summary>
internal static unsafe class BlockContexts
{
    private const int Neighbourhoods = 512, FirstSign = 9, FirstRefinement = 14;

    /// <summary>Context 0 to 8 of a coefficient that may become significant; a table for each orientation of the band.</summary>
    private static readonly byte* Significances = MakeSignificances();

    /// <summary>
    /// Context 9 to 13 of a sign, and 128 where the decision is to be turned round. Indexed by the significance of the upper, left, right
    /// and lower neighbour in bits 1, 3, 5 and 7, and whether they are negative in the bits under those.
    /// </summary>
    public static byte* Signs { get; } = MakeSigns();

    public static byte* Significance(int orientation) => Significances + orientation * Neighbourhoods;

    /// <summary>Context of a bit that refines a magnitude.</summary>
    public static int Refinement(bool isFirst, bool hasNeighbours) =>
        !isFirst ? FirstRefinement + 2 : hasNeighbours ? FirstRefinement + 1 : FirstRefinement;

    private static byte* MakeSignificances()
    {
        byte* table = (byte*)NativeMemory.Alloc(4 * Neighbourhoods);
        for (int orientation = 0; orientation < 4; orientation++)
            for (int n = 0; n < Neighbourhoods; n++)
            {
                (int h, int v) = ((n >> 3 & 1) + (n >> 5 & 1), (n >> 1 & 1) + (n >> 7 & 1));
                int d = (n & 1) + (n >> 2 & 1) + (n >> 6 & 1) + (n >> 8 & 1);
                table[orientation * Neighbourhoods + n] =
                    (byte)(orientation switch { 3 => Diagonal(h + v, d), 1 => Upright(v, h, d), _ => Upright(h, v, d) });
            }
        return table;
    }

    /// <summary>Table D.1, bands LL and LH; for HL horizontal and vertical are exchanged.</summary>
    private static int Upright(int h, int v, int d) => (h, v, d) switch
    {
        (2, _, _) => 8,
        (1, >= 1, _) => 7,
        (1, 0, >= 1) => 6,
        (1, 0, 0) => 5,
        (0, 2, _) => 4,
        (0, 1, _) => 3,
        _ => Math.Min(d, 2),
    };

    /// <summary>Table D.1, band HH.</summary>
    private static int Diagonal(int hv, int d) => d switch
    {
        >= 3 => 8,
        2 => hv >= 1 ? 7 : 6,
        1 => 3 + Math.Min(hv, 2),
        _ => Math.Min(hv, 2),
    };

    /// <summary>Tables D.2 and D.3.</summary>
    private static byte* MakeSigns()
    {
        byte* table = (byte*)NativeMemory.Alloc(256);
        for (int i = 0; i < 256; i++)
        {
            int vertical = Math.Clamp(Contribution(i) + Contribution(i >> 6), -1, 1),
                horizontal = Math.Clamp(Contribution(i >> 2) + Contribution(i >> 4), -1, 1);
            bool turned = horizontal < 0 || (horizontal == 0 && vertical < 0);
            (int h, int v) = turned ? (-horizontal, -vertical) : (horizontal, vertical);
            int context = h == 1 ? v + 3 : v;
            table[i] = (byte)(FirstSign + context | (turned ? 128 : 0));
        }
        return table;

        static int Contribution(int bits) => (bits & 2) == 0 ? 0 : (bits & 1) == 0 ? 1 : -1;
    }
}
