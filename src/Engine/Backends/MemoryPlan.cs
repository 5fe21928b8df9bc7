namespace LungSeg.Engine.Backends;

/// <summary>
/// Places buffers in one arena so that those alive at the same time do not overlap: the largest first, each at the lowest
/// offset that is free during its whole life.
/// </summary>
internal static class MemoryPlan
{
    /// <summary>
    /// Returns each buffer's offset, a multiple of the alignment, and the arena's size, in the units that the lives have; lives are
    /// inclusive step numbers.
    /// </summary>
    public static (nint[] Offsets, nint Size) Place(IReadOnlyList<Lifetime> buffers, nint alignment = 16)
    {
        var offsets = new nint[buffers.Count];
        var placed = new List<int>();
        nint size = 0;
        foreach (int index in Enumerable.Range(0, buffers.Count).OrderByDescending(i => buffers[i].Size).ThenBy(i => i))
        {
            Lifetime buffer = buffers[index];
            nint offset = 0;
            foreach (int other in placed.Where(i => buffers[i].Overlaps(buffer)).OrderBy(i => offsets[i]))
            {
                if (offsets[other] - offset >= Aligned(buffer.Size)) break;
                offset = Math.Max(offset, offsets[other] + Aligned(buffers[other].Size));
            }
            offsets[index] = offset;
            placed.Add(index);
            size = Math.Max(size, offset + Aligned(buffer.Size));
        }
        return (offsets, size);

        nint Aligned(nint length) => (length + alignment - 1) / alignment * alignment;
    }
}

/// <summary>A buffer's size and the steps from the one that writes it to the last one that reads it.</summary>
internal readonly record struct Lifetime(nint Size, int First, int Last)
{
    public bool Overlaps(Lifetime other) => First <= other.Last && other.First <= Last;
}
