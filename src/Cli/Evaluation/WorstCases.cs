using LungSeg.Imaging.Evaluation;

namespace LungSeg.Cli.Evaluation;

/// <summary>The images of the lowest Dice so far; only they are drawn.</summary>
internal sealed class WorstCases
{
    private const int Kept = 4;
    private readonly List<(double Dice, CasePanel Panel)> _cases = [];

    /// <summary>The worst first.</summary>
    public IReadOnlyList<CasePanel> Panels => [.. _cases.Select(c => c.Panel)];

    public void Offer(MaskScore score, Func<CasePanel> draw)
    {
        double dice = score.Overlap.Dice;
        if (_cases.Count == Kept && dice >= _cases[^1].Dice) return;
        int place = _cases.FindIndex(c => dice < c.Dice);
        _cases.Insert(place < 0 ? _cases.Count : place, (dice, draw()));
        if (_cases.Count > Kept) _cases.RemoveAt(Kept);
    }
}
