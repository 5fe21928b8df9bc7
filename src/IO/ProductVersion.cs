using System.Reflection;

namespace LungSeg.IO;

/// <summary>The version of this software, as its assemblies carry it.</summary>
internal static class ProductVersion
{
    private const int CommitLength = 12;

    private static readonly string[] Parts = (typeof(ProductVersion).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown").Split('+', 2);

    /// <summary>The version, such as 0.1.0.</summary>
    public static string Number => Parts[0];

    /// <summary>The first digits of the commit that it was built from; null where it was not built in a clone.</summary>
    public static string? Commit => Parts is [_, var commit] ? commit[..Math.Min(CommitLength, commit.Length)] : null;

    /// <summary>Version and commit, such as 0.1.0 (1f2e3d4c5b6a).</summary>
    public static string Full => Commit is { } commit ? $"{Number} ({commit})" : Number;
}
