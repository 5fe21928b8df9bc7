using System.Text.Json;

namespace LungSeg.Cli.Tests;

public sealed class NoticeTests
{
    [Fact]
    public void The_notices_name_every_package_in_the_program()
    {
        string notices = File.ReadAllText(Repository.PathOf("THIRD-PARTY-NOTICES.txt"));
        using var program = JsonDocument.Parse(File.ReadAllBytes(Path.ChangeExtension(typeof(Preview).Assembly.Location, ".deps.json")));
        string[] packages = [.. program.RootElement.GetProperty("libraries").EnumerateObject()
            .Where(library => library.Value.GetProperty("type").GetString() == "package").Select(library => library.Name.Split('/')[0])];
        Assert.InRange(packages.Length, 5, 20);
        Assert.All(packages, name => Assert.Contains($"\n  {name} ", notices, StringComparison.Ordinal));
        Assert.Contains("Apache License\n                           Version 2.0", notices, StringComparison.Ordinal);
    }
}
