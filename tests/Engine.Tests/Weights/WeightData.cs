using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Tests.Weights;

/// <summary>The files under tests/data, found from wherever the tests run.</summary>
internal static class WeightData
{
    public static string Root { get; } = FindRoot();

    public static string Checkpoint(string name) => Path.Combine(Root, "tests", "data", "checkpoints", name);

    public static string Golden(string network) => Path.Combine(Root, "tests", "data", "golden", $"{network}.safetensors");

    /// <summary>A file of the data that is too large for the repository, which may lie beside it; null when it does not.</summary>
    public static string? Shared(string name)
    {
        for (DirectoryInfo? directory = new(Root); directory is not null; directory = directory.Parent)
        {
            string path = Path.Combine(directory.FullName, "shared", name);
            if (File.Exists(path))
                return path;
        }
        return null;
    }

    public static void AssertSame(StateDict expected, StateDict actual)
    {
        Assert.Equal(expected.Select(parameter => parameter.Key).Order(StringComparer.Ordinal),
            actual.Select(parameter => parameter.Key).Order(StringComparer.Ordinal));
        foreach (Parameter parameter in expected)
        {
            Assert.True(actual.TryGet(parameter.Key, out Parameter? found));
            Assert.Equal(parameter.Dims, found.Dims);
            Assert.Equal(Bits(parameter.Read()), Bits(found.Read()));
        }
    }

    public static int[] Bits(float[] values) => Array.ConvertAll(values, BitConverter.SingleToInt32Bits);

    private static string FindRoot()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "LungSeg.sln")))
                return directory.FullName;
        }
        throw new DirectoryNotFoundException("no LungSeg.sln above the tests");
    }
}
