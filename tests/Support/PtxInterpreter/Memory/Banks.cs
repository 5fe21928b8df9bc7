namespace LungSeg.PtxInterpreter.Memory;

/// <summary>
/// Shared memory's 32 banks of 4 bytes. Lanes of a warp are served 32, 16 or 8 at a time, so that they ask for at most 128 bytes; each
/// time takes as many turns as a bank is asked for different words.
/// </summary>
internal static class Banks
{
    private const int Count = 32, Word = 4;

    /// <summary>Turns that an access takes, and how many it would take without a conflict.</summary>
    public static (int Turns, int Minimum) Turns(ReadOnlySpan<uint> addresses, int bytes)
    {
        int lanes = Count * Word / Math.Max(bytes, Word), turns = 0, minimum = 0;
        for (int first = 0; first < addresses.Length; first += lanes)
        {
            HashSet<uint> words = [];
            foreach (uint address in addresses.Slice(first, Math.Min(lanes, addresses.Length - first)))
            {
                for (uint i = 0; i < bytes; i += Word) words.Add((address + i) / Word);
            }
            turns += words.CountBy(word => word % Count).Max(bank => bank.Value);
            minimum++;
        }
        return (turns, minimum);
    }
}
