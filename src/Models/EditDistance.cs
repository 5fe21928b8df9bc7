namespace LungSeg.Models;

/// <summary>How far apart two words are, for suggestions.</summary>
internal static class EditDistance
{
    /// <summary>The nearest of the words, the first of equally near ones; null where none is near enough to have been meant.</summary>
    public static string? Nearest(string word, IEnumerable<string> words)
    {
        (string Word, int Distance) nearest =
            words.Select(other => (other, Between(word, other))).DefaultIfEmpty(("", int.MaxValue)).MinBy(pair => pair.Item2);
        bool near = nearest.Distance <= Math.Max(nearest.Word.Length / 3, 2) && nearest.Distance < (nearest.Word.Length + 1) / 2;
        return near ? nearest.Word : null;
    }

    /// <summary>
    /// Insertions, deletions and replacements of letters, and exchanges of neighbours (optimal string alignment); case does not
    /// matter.
    /// </summary>
    public static int Between(string a, string b)
    {
        int[,] distance = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    distance[i, j] = i + j;
                    continue;
                }
                int minimum = Math.Min(distance[i - 1, j - 1] + (Same(i, j) ? 0 : 1), Math.Min(distance[i - 1, j], distance[i, j - 1]) + 1);
                bool exchanged = i > 1 && j > 1 && Same(i, j - 1) && Same(i - 1, j);
                distance[i, j] = exchanged ? Math.Min(minimum, distance[i - 2, j - 2] + 1) : minimum;
            }
        }
        return distance[a.Length, b.Length];

        bool Same(int i, int j) => char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]);
    }
}
