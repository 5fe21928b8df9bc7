namespace LungSeg.Imaging.Codecs.Jpeg2000;

/// <summary>
/// A tag tree (ISO/IEC 15444-1, B.10.2): a grid of numbers, told by the smallest of each four, of each sixteen and so on.
/// </summary>
internal sealed class TagTree
{
    private readonly int _wide;
    private readonly (int Start, int Wide)[] _levels;

    /// <summary>For each node the value's lower bound so far, and in the lowest bit whether it is the value.</summary>
    private readonly int[] _nodes;

    public TagTree(int wide, int high)
    {
        _wide = wide;
        List<(int Start, int Wide)> levels = [];
        int count = 0;
        while (wide > 0 && high > 0)
        {
            levels.Add((count, wide));
            count += wide * high;
            if (wide == 1 && high == 1)
                break;
            (wide, high) = (wide + 1 >> 1, high + 1 >> 1);
        }
        (_levels, _nodes) = ([.. levels], new int[count]);
    }

    /// <summary>Reads as many bits as tell whether a leaf's value is under the threshold.</summary>
    public bool IsUnder(int leaf, int threshold, ref PacketBits bits)
    {
        (int x, int y) = (leaf % _wide, leaf / _wide);
        int low = 0;
        for (int level = _levels.Length - 1; level >= 0; level--)
        {
            (int start, int wide) = _levels[level];
            ref int node = ref _nodes[start + (y >> level) * wide + (x >> level)];
            low = Math.Max(low, node >> 1);
            bool known = (node & 1) != 0;
            while (!known && low < threshold)
            {
                if (bits.Read() != 0)
                    known = true;
                else
                    low++;
            }
            node = low << 1 | (known ? 1 : 0);
            if (low >= threshold)
            {
                // What is below has at least this value.
                return false;
            }
        }
        return true;
    }
}
