namespace LungSeg.Cli.Inputs;

/// <summary>
/// How outputs are named: by the image's name without its extension; images that share such a name keep their extensions, so that
/// x.dcm and x.png give x.dcm.mask.png and x.png.mask.png.
/// </summary>
internal static class OutputNames
{
    /// <summary>Where the file system takes x and X for one name, so do we.</summary>
    private static readonly StringComparer Comparer =
        OperatingSystem.IsWindows() || OperatingSystem.IsMacOS() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;

    /// <summary>The beginning of each input's outputs; throws <see cref="UsageException"/> where two have the same name, extension and all.</summary>
    public static IReadOnlyList<string> Of(IReadOnlyList<Input> inputs)
    {
        Dictionary<string, int> shared = new(Comparer);
        foreach (Input input in inputs) shared[Short(input.Name)] = shared.GetValueOrDefault(Short(input.Name)) + 1;
        string[] stems = [.. inputs.Select(input => shared[Short(input.Name)] > 1 ? input.Name : Short(input.Name))];
        Dictionary<string, Input> taken = new(Comparer);
        for (int i = 0; i < stems.Length; i++)
        {
            if (taken.TryAdd(stems[i], inputs[i])) continue;
            throw new UsageException($"'{taken[stems[i]].Path}' and '{inputs[i].Path}' would both be written as '{stems[i]}.…': "
                + "do them in two runs with different -o; segment also takes the folder above both");
        }
        return stems;
    }

    /// <summary>An image's name without its extension.</summary>
    public static string Short(string name)
    {
        string extension = Path.GetExtension(name);
        // A DICOM file's name is often a UID, whose last part is no extension.
        return extension.Length > 1 && !extension.AsSpan(1).ContainsAnyExceptInRange('0', '9') ? name : name[..^extension.Length];
    }
}
