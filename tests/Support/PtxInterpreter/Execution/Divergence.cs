namespace LungSeg.PtxInterpreter.Execution;

/// <summary>
/// Which lanes run where: a stack of paths. Where lanes part, the path that is left continues where they come together again, and
/// the two sides lie on it; the top one runs until it gets there.
/// </summary>
internal sealed class Divergence
{
    private readonly List<Path> _paths = [];

    /// <summary>The lanes that run now.</summary>
    public uint Mask { get; private set; }

    /// <summary>The step that they run next.</summary>
    public int Pc { get; set; }

    /// <summary>Where they come together with others; −1: nowhere.</summary>
    public int Reconvergence { get; private set; }

    /// <summary>The lanes that have not ended.</summary>
    public uint Live { get; private set; }

    public void Start(uint lanes)
    {
        _paths.Clear();
        (Live, Mask, Pc, Reconvergence) = (lanes, lanes, 0, -1);
    }

    /// <summary>Some lanes jump, the others go on.</summary>
    public void Part(uint jumping, int target, int next, int reconvergence)
    {
        _paths.Add(new Path(Mask, reconvergence, Reconvergence));
        uint staying = Mask & ~jumping;
        _paths.Add(new Path(staying, next, reconvergence));
        (Mask, Pc, Reconvergence) = (jumping, target, reconvergence);
        SkipEmpty();
    }

    /// <summary>The top path has reached the place where it joins.</summary>
    public void Join() => Pop();

    /// <summary>Some of the running lanes end.</summary>
    public void Exit(uint lanes)
    {
        Live &= ~lanes;
        Mask &= ~lanes;
        if (Mask == 0) Pop();
    }

    private void Pop()
    {
        if (_paths.Count == 0)
        {
            Mask = 0;
            return;
        }
        Path path = _paths[^1];
        _paths.RemoveAt(_paths.Count - 1);
        (Mask, Pc, Reconvergence) = (path.Mask & Live, path.Pc, path.Reconvergence);
        SkipEmpty();
    }

    // A path whose lanes have ended, or that begins where it joins, has nothing to run.
    private void SkipEmpty()
    {
        if (Mask == 0 || Pc == Reconvergence) Pop();
    }

    private readonly record struct Path(uint Mask, int Pc, int Reconvergence);
}
