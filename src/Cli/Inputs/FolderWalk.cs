namespace LungSeg.Cli.Inputs;

/// <summary>
/// All files below a folder, in the order of their names. Links are followed after everything else, and each folder is entered once, even
/// if several links lead to it. So a circle of links ends, and an image has one name.
/// </summary>
internal sealed class FolderWalk
{
    private readonly Func<string, bool> _enters;
    private readonly HashSet<string> _entered = [];
    private readonly Queue<(string Path, string Name)> _links = new();
    private readonly List<Input> _files = [];
    private readonly List<string> _notices = [];

    private FolderWalk(Func<string, bool> enters) => _enters = enters;

    /// <summary>
    /// Finds the files below <paramref name="root"/>, in folders that <paramref name="enters"/> allows by their path below the root. A
    /// folder that cannot be listed is an input with a fault, because its images are missing.
    /// </summary>
    public static (IReadOnlyList<Input> Files, IReadOnlyList<string> Notices) Below(string root, Func<string, bool> enters)
    {
        var walk = new FolderWalk(enters);
        walk.Follow(root, "");
        while (walk._links.TryDequeue(out (string Path, string Name) link)) walk.Follow(link.Path, link.Name);
        return (walk._files, walk._notices);
    }

    private void Follow(string path, string name)
    {
        try
        {
            string real = RealPath.Of(path);
            if (!_entered.Add(real))
            {
                _notices.Add($"the link '{path}' leads to '{real}', which is already included; it is not followed");
                return;
            }
            Enter(path, name, real);
        }
        catch (IOException e)
        {
            _files.Add(new Input(path, name) { Fault = $"{path}: cannot be followed: {e.Message}" });
        }
    }

    private void Enter(string path, string name, string real)
    {
        FileSystemInfo[] entries;
        try
        {
            entries = new DirectoryInfo(path).GetFileSystemInfos();
        }
        catch (DirectoryNotFoundException) when (name.Contains('\uFFFD'))
        {
            _files.Add(new Input(path, name)
            {
                Fault = $"{path}: the folder cannot be listed: its name holds bytes that are not UTF-8; rename it",
            });
            return;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _files.Add(new Input(path, name.Length == 0 ? "." : name) { Fault = $"{path}: the folder cannot be listed: {e.Message}" });
            return;
        }
        Array.Sort(entries, (a, b) => string.CompareOrdinal(a.Name, b.Name));
        foreach (FileSystemInfo entry in entries)
        {
            string below = name.Length == 0 ? entry.Name : $"{name}/{entry.Name}", at = Path.Join(path, entry.Name);
            if (entry is not DirectoryInfo) _files.Add(new Input(at, below));
            else if (!_enters(below)) continue;
            else if (entry.LinkTarget is not null) _links.Enqueue((at, below));
            else if (_entered.Add(Path.Join(real, entry.Name))) Enter(at, below, Path.Join(real, entry.Name));
        }
    }
}
