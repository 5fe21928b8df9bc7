using System.Text.RegularExpressions;
using LungSeg.IO;

namespace LungSeg.Cli.Tests;

public sealed partial class AdviceTests
{
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
        foreach (string project in (string[])["IO", "Engine", "Imaging", "Models"])
        {
            foreach (string file in Directory.EnumerateFiles(Repository.PathOf("src", project), "*.cs", SearchOption.AllDirectories))
            {
                if (file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}")) continue;
                int line = 0;
                foreach (string text in File.ReadLines(file))
                {
                    line++;
                    // An option of another program is named with the program.
                    bool excused = text.Contains("gdcm") || text.Contains("_dims[--") || text.Contains("Name = ");
                    Assert.False(!excused && Words().IsMatch(text), $"{file}:{line}: {text.Trim()}");
                }
            }
        }
    }

    [GeneratedRegex(@"[ (""'>](--[a-z]|-o\b|lungseg [a-z]+ )")]
    private static partial Regex Words();
}
