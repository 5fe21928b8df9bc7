namespace LungSeg.Cli.Inputs;

/// <summary>
/// The names of outputs: the image's name without its extension. Images that would share a name keep their extensions: x.dcm and x.png give
/// x.dcm.mask.png and x.png.mask.png.
/// </summary>
internal static class OutputNames
{
    /// <summary>Ignores case where the file system does.</summary>
    private static readonly StringComparer Comparer =
        OperatingSystem.IsWindows() || OperatingSystem.IsMacOS() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;

    /// <summary>
    /// The beginning of each input's outputs; throws <see cref="UsageException"/> where two have the same name, extension and all.
    /// </summary>
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
                + "segment them in two runs with different -o, or give segment the folder above both");
        }
        return stems;
    }

    /// <summary>An image's name without its extension.</summary>
    public static string Short(string name)
    {
        string extension = Path.GetExtension(name);
        // The name of a DICOM file is often a UID; its last part is not an extension.
        return extension.Length > 1 && !extension.AsSpan(1).ContainsAnyExceptInRange('0', '9') ? name : name[..^extension.Length];
    }
}
