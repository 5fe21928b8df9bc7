using System.Text.RegularExpressions;
using LungSeg.IO;

namespace LungSeg.Cli.Tests;

public sealed partial class AdviceTests
{
    private static readonly string[] Others = ["gdcm", "opj_decompress", "zip -s"];

    [Fact]
    public void Every_remedy_of_the_libraries_has_words_and_every_option_in_them_exists()
    {
        string page = Lungseg.Run("[document]").Succeeded().Output;
        foreach (Remedy remedy in Enum.GetValues<Remedy>().Where(remedy => remedy != Remedy.None))
        {
            string words = Advice.For(remedy)!;
            Assert.All(words.Split(' ', ',', ';').Where(word => word.StartsWith('-')), word => Assert.Contains(word, page));
        }
        Assert.Null(Advice.For(Remedy.None));
    }

    [Fact]
    public void No_library_names_an_option_of_the_program()
    {
        // An option that another program has too is excused where that program is named.
        HashSet<string> options = [.. Options().Matches(Lungseg.Run("[document]").Succeeded().Output).Select(match => match.Value), "-o"];
        foreach (string file in ((string[])["IO", "Engine", "Imaging", "Models"])
            .SelectMany(project => Directory.EnumerateFiles(Repository.PathOf("src", project), "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}")))
        {
            foreach (string line in File.ReadLines(file).Where(line => !Others.Any(line.Contains)))
                Assert.DoesNotContain(Options().Matches(line), match => options.Contains(match.Value));
        }
    }

    [GeneratedRegex(@"(?<![\w-])(--[a-z][a-z-]+|-o)\b")]
    private static partial Regex Options();
}
