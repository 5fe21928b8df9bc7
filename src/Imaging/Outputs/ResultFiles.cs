using LungSeg.IO;

namespace LungSeg.Imaging.Outputs;

/// <summary>Writes the files of one segmentation.</summary>
public static class ResultFiles
{
    /// <summary>The names of the files that <see cref="Write"/> makes: the stem and each writer's extension.</summary>
    /// <exception cref="ArgumentException">Two writers have one extension.</exception>
    public static IReadOnlyList<string> Names(string stem, IEnumerable<IResultWriter> writers)
    {
        ArgumentNullException.ThrowIfNull(stem);
        ArgumentNullException.ThrowIfNull(writers);
        string[] names = [.. writers.Select(writer => stem + (writer ?? throw new ArgumentNullException(nameof(writers))).Extension)];
        if (names.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1) is { Key: { } twice })
            throw new ArgumentException($"a file of each name expected, '{twice}' found twice", nameof(writers));
        return names;
    }

    /// <summary>
    /// Writes the stem (directory and name) with each writer's extension, all of the files or none: every one is complete beside
    /// its name before the first gets it. Returns their names.
    /// </summary>
    /// <exception cref="FileException">A file cannot be written.</exception>
    /// <exception cref="ImageException">The image lacks what a format needs.</exception>
    public static IReadOnlyList<string> Write(string stem, LungSegmentation result, IReadOnlyList<IResultWriter> writers)
    {
        ArgumentNullException.ThrowIfNull(result);
        IReadOnlyList<string> names = Names(stem, writers);
        AtomicFile.Write([.. writers.Select((writer, i) => (names[i], (Action<Stream>)(stream => writer.Write(stream, result))))]);
        return names;
    }
}
