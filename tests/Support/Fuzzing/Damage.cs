namespace LungSeg.Tests.Fuzzing;

/// <summary>Files as a bad disk, a broken copy or somebody with a hex editor leaves them; test projects compile it in.</summary>
internal static class Damage
{
    private const int MinimumLength = 9;

    /// <summary>
    /// Changes a file in one to four places. Two thirds of them are in its first and last bytes, where headers and directories are.
    /// </summary>
    /// <param name="source">The good file; it stays as it is.</param>
    /// <param name="random">What decides.</param>
    /// <param name="telling">Bytes that mean something in this format.</param>
    /// <param name="head">Bytes at the start that are changed more often.</param>
    /// <param name="tail">Bytes at the end that are.</param>
    public static byte[] Of(byte[] source, Random random, ReadOnlySpan<byte> telling, int head, int tail)
    {
        List<byte> bytes = [.. source];
        for (int edits = random.Next(1, 5); edits > 0 && bytes.Count > MinimumLength; edits--)
        {
            int at = random.Next(3) switch
            {
                0 => random.Next(Math.Min(bytes.Count, head)),
                1 => bytes.Count - 1 - random.Next(Math.Min(bytes.Count, tail)),
                _ => random.Next(bytes.Count),
            };
            switch (random.Next(8))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes[at] = telling[random.Next(telling.Length)];
                    break;
                case 3:
                    bytes.Insert(at, telling[random.Next(telling.Length)]);
                    break;
                case 4:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 20), bytes.Count - at));
                    break;
                case 5:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 100), bytes.Count - at)));
                    break;
                case 6:
                    for (int i = at; i < Math.Min(at + (1 << random.Next(4)), bytes.Count); i++) bytes[i] = 0xFF;
                    break;
                default:
                    if (random.Next(4) == 0) bytes.RemoveRange(at, bytes.Count - at);
                    break;
            }
        }
        return [.. bytes];
    }
}
