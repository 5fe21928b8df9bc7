using System.Reflection;
using System.Text.Json;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Tiff;
using SixLabors.ImageSharp.Metadata.Profiles.Icc;
using SixLabors.ImageSharp.Processing;

namespace LungSeg.Cli.Tests;

/// <summary>ImageSharp writes reports' small images. It is given no file to read, and no library depends on it.</summary>
public sealed class ImageSharpTests
{
    /// <summary>All projects under src but the programs that have reports.</summary>
    public static TheoryData<string> Libraries =>
        [.. Directory.GetFiles(Repository.PathOf("src"), "*.csproj", SearchOption.AllDirectories)
            .Select(file => Path.GetFileNameWithoutExtension(file)).Except(["Cli", "Server"])];

    [Fact]
    public void There_are_libraries() =>
        Assert.Superset(
            new HashSet<string>(["IO", "Engine", "Imaging", "Models", "Extensions"]), Libraries.Select(row => row.Data).ToHashSet());

    [Theory]
    [MemberData(nameof(Libraries))]
    public void No_library_depends_on_it(string project) => Assert.DoesNotContain(Packages(project), IsImageSharp);

    [Fact]
    public void The_program_depends_on_the_last_version_under_the_Apache_licence() =>
        Assert.Equal(["SixLabors.ImageSharp/2.1.13"], Packages("Cli").Where(IsImageSharp));

    /// <summary>
    /// What reads a file, and what the open advisories are about: the compiler refuses it under src. Where an update of ImageSharp has
    /// more of it, this list is longer than the file.
    /// </summary>
    [Fact]
    public void All_that_reads_is_banned()
    {
        string[] methods =
            ["Load", "LoadAsync", "LoadWithFormatAsync", "Identify", "IdentifyAsync", "IdentifyWithFormatAsync", "DetectFormat",
            "DetectFormatAsync"];
        Type[] types = typeof(Image).Assembly.GetExportedTypes();
        string[] expected =
        [
            .. typeof(Image).GetMethods(BindingFlags.Public | BindingFlags.Static).Where(m => methods.Contains(m.Name)).Select(IdOf),
            .. types
                .Where(t => t == typeof(IImageDecoder) || (t.IsClass && t.Name.EndsWith("Decoder", StringComparison.Ordinal)))
                .Select(IdOf),
            .. types.Where(t => t.Name.StartsWith("HistogramEqualization", StringComparison.Ordinal) && t.IsClass).Select(IdOf),
            IdOf(typeof(TiffEncoder)), IdOf(typeof(IccProfile)),
        ];
        Assert.True(expected.Length > 60);
        string[] banned = [.. File.ReadLines(Repository.PathOf("src/BannedSymbols.txt")).Where(line => line.Contains("SixLabors"))
            .Select(line => line[..line.IndexOf(';')])];
        Assert.Equal(expected.Order(StringComparer.Ordinal), banned.Order(StringComparer.Ordinal));
        Assert.Contains(typeof(HistogramEqualizationExtensions), types);
    }

    private static bool IsImageSharp(string package) => package.Contains("ImageSharp", StringComparison.OrdinalIgnoreCase);

    /// <summary>All packages that a project was built with, its own and those that they need, as the package manager found them.</summary>
    private static string[] Packages(string project)
    {
        string path = Repository.PathOf($"src/{project}/obj/project.assets.json");
        Assert.SkipUnless(File.Exists(path), $"src/{project} has not been built: build the solution");
        using var assets = JsonDocument.Parse(File.ReadAllBytes(path));
        string[] packages = [.. assets.RootElement.GetProperty("libraries").EnumerateObject().Select(library => library.Name)];
        Assert.NotEmpty(packages);
        return packages;
    }

    private static string IdOf(Type type) => $"T:{type.FullName}";

    private static string IdOf(MethodInfo method)
    {
        string generic = method.IsGenericMethod ? $"``{method.GetGenericArguments().Length}" : "";
        string parameters = string.Join(',', method.GetParameters().Select(p => NameOf(p.ParameterType)));
        return $"M:{method.DeclaringType!.FullName}.{method.Name}{generic}({parameters})";
    }

    /// <summary>A parameter's type as the compiler's documentation names it.</summary>
    private static string NameOf(Type type)
    {
        if (type.IsByRef)
            return NameOf(type.GetElementType()!) + "@";
        if (type.IsArray)
            return NameOf(type.GetElementType()!) + "[]";
        if (type.IsGenericMethodParameter)
            return $"``{type.GenericParameterPosition}";
        if (!type.IsGenericType)
            return type.FullName!;
        string name = type.GetGenericTypeDefinition().FullName!;
        return $"{name[..name.IndexOf('`')]}{{{string.Join(',', type.GetGenericArguments().Select(NameOf))}}}";
    }
}
