namespace LungSeg.Imaging.Dicom;

/// <summary>Collects what is found and chosen while a file is read.</summary>
internal sealed class DecisionLog
{
    private readonly List<Decision> _decisions = [];

    public IReadOnlyList<Decision> Decisions => _decisions;

    public void Note(string topic, string text) => _decisions.Add(new Decision(topic, text));

    /// <summary>Adds a warning, once.</summary>
    public void Warn(string topic, string text)
    {
        Decision warning = new(topic, text, IsWarning: true);
        if (!_decisions.Contains(warning))
            _decisions.Add(warning);
    }
}
