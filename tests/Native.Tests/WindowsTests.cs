using System.IO.Compression;
using System.Text.RegularExpressions;

namespace LungSeg.Native.Tests;

/// <summary>
/// The native program and the C library for Windows, built on Linux and run under wine. wine 8 has no AVX-512: that level is built, and
/// not run.
/// </summary>
public sealed partial class WindowsTests(Wine wine) : IClassFixture<Wine>, IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("avx2")]
    [InlineData("vector128")]
    public void The_program_finds_what_dotnet_finds(string level)
    {
        Outcome run = Program(["segment", Repository.Sample, "-o", _directory.Name], ("LUNGSEG_INSTRUCTIONS", level)).Succeeded();
        Assert.Contains($"on CPU, {level}, ", run.Output, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(Built.MaskPng(Repository.Sample), File.ReadAllBytes(_directory["radiograph.mask.png"]));
    }

    [Fact]
    public void The_program_takes_names_in_any_script()
    {
        File.Copy(Repository.Sample, _directory["肺 Röntgen.png"]);
        Program(["segment", _directory["肺 Röntgen.png"], "-o", _directory["aus"]]).Succeeded();
        Assert.Equal(Built.MaskPng(Repository.Sample), File.ReadAllBytes(_directory["aus/肺 Röntgen.mask.png"]));
    }

    [Fact]
    public void The_program_refuses_bad_input_in_one_line()
    {
        File.WriteAllText(_directory["notes.png"], "no image");
        Outcome bad = Program(["segment", _directory["notes.png"], "-o", _directory["out"]]);
        Assert.Equal(2, bad.Exit);
        Assert.Contains("not an image", bad.Error);
        Assert.DoesNotContain("   at ", bad.Error);
        Outcome wrong = Program(["--version"], ("LUNGSEG_INSTRUCTIONS", "mmx"));
        Assert.Equal(2, wrong.Exit);
        Assert.StartsWith("lungseg: LUNGSEG_INSTRUCTIONS is 'mmx': expected one of ", wrong.Error);
    }

    [Fact]
    public void A_program_without_its_level_says_which_file_is_missing()
    {
        File.Copy(Built.PathOf("lungseg.exe"), _directory["alone.exe"]);
        Outcome run = wine.Run(_directory["alone.exe"], ["--version"], ("LUNGSEG_INSTRUCTIONS", "avx2"));
        Assert.Equal(2, run.Exit);
        Assert.Matches(
            @"^lungseg: the code for this processor cannot be loaded from '.*\\alone-avx2\.dll' \(Windows' error 126\)\n$", run.Error);
    }

    [Theory]
    [InlineData("avx2")]
    [InlineData("vector128")]
    public void The_library_finds_what_dotnet_finds(string level)
    {
        string program = Compile(Repository.PathOf("examples", "c", "segment.c")), mask = _directory["mask.pgm"];
        Outcome run = wine.Run(program, [Repository.Sample, mask], ("LUNGSEG_INSTRUCTIONS", level)).Succeeded();
        Assert.Contains("pixels are lung", run.Output);
        Assert.Equal(Built.MaskPgm(Repository.Sample), File.ReadAllBytes(mask));
    }

    [Fact]
    public void A_host_calls_the_library_from_many_threads() =>
        Assert.Equal("64 masks, all the same\n", wine.Run(Compile(Source("threads.c"), "-static", "-lpthread"), [Repository.Sample])
            .Succeeded().Output);

    [Fact]
    public void The_wheel_s_library_is_whole()
    {
        string folder = Path.GetDirectoryName(Built.PathOf("liblungseg.dll"))!;
        string? wheel = Directory.EnumerateFiles(folder, "lungseg-*-win_amd64.whl").SingleOrDefault();
        Assert.SkipWhen(wheel is null, "the wheel for Windows is not built");
        ZipFile.ExtractToDirectory(wheel, _directory.Name);
        // Windows looks beside a program for its libraries first.
        string program = Compile(Repository.PathOf("examples", "c", "segment.c")), mask = _directory["mask.pgm"];
        File.Move(program, _directory["lungseg/segment.exe"]);
        wine.Run(_directory["lungseg/segment.exe"], [Repository.Sample, mask], ("WINEPATH", "")).Succeeded();
        Assert.Equal(Built.MaskPgm(Repository.Sample), File.ReadAllBytes(mask));
        // No Python for Windows is here to load it. This one says which file it would load.
        string load = "import sys, ctypes, numpy.typing; sys.platform = 'win32'; sys.path[0] = sys.argv[1]; import lungseg";
        Outcome python = Built.Run("/usr/bin/python3", ["-c", load, _directory.Name]);
        Assert.SkipWhen(python.Error.Contains("No module named 'numpy'"), "Debian's python3-numpy is not installed");
        Assert.Contains($"OSError: {_directory["lungseg/liblungseg.dll"]}: ", python.Error);
    }

    [Fact]
    public void Structures_have_the_compiler_s_own_layout()
    {
        string source = _directory["layout.c"];
        File.WriteAllText(source, Header.LayoutProgram);
        Assert.Equal(Header.Layout, wine.Run(Compile(source), []).Succeeded().Output.TrimEnd().Split('\n'));
    }

    [Fact]
    public void The_library_s_names_are_the_header_s_alone()
    {
        string described = Built.Run("objdump", ["-p", Built.PathOf("liblungseg.dll")]).Succeeded().Output;
        Assert.Equal(Header.Functions, Exported().Matches(described).Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("lungseg.exe")]
    [InlineData("lungseg-avx2.dll")]
    [InlineData("liblungseg.dll")]
    [InlineData("liblungseg-avx2.dll")]
    public void Nothing_is_needed_that_is_not_Windows_own(string file)
    {
        string described = Built.Run("objdump", ["-p", Built.PathOf(file)]).Succeeded().Output;
        string[] needed = [.. Needed().Matches(described).Select(match => match.Groups[1].Value)];
        Assert.NotEmpty(needed);
        Assert.All(needed, name => Assert.Matches(WindowsOwn(), name));
    }

    private static string Source(string file) => Repository.PathOf("tests", "Native.Tests", "Programs", file);

    private Outcome Program(string[] arguments, params (string Name, string Value)[] environment) =>
        wine.Run(Built.PathOf("lungseg.exe"), arguments, environment);

    private string Compile(string source, params string[] options)
    {
        string program = _directory[$"{Path.GetFileNameWithoutExtension(source)}.exe"];
        string[] library = [$"-I{Repository.PathOf("include")}", Built.PathOf("liblungseg.lib")];
        Built.Run("x86_64-w64-mingw32-gcc", [source, "-Wall", "-Wextra", "-Werror", "-O2", .. library, .. options, "-o", program])
            .Succeeded();
        return program;
    }

    [GeneratedRegex(@"\[ *\d+\](?: \+base\[ *\d+\])?(?: +[0-9a-f]+)? (lungseg_\w+)")]
    private static partial Regex Exported();

    [GeneratedRegex(@"DLL Name: (\S+)")]
    private static partial Regex Needed();

    [GeneratedRegex(
        @"(?i)^(kernel32|advapi32|bcrypt|crypt32|iphlpapi|msvcrt|ncrypt|ntdll|ole32|secur32|user32|ws2_32|api-ms-win-crt-[\w-]+)\.dll$")]
    private static partial Regex WindowsOwn();
}
