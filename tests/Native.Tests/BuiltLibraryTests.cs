using System.Globalization;
using LungSeg.Imaging;
using LungSeg.Tests.Fuzzing;

namespace LungSeg.Native.Tests;

/// <summary>The C library as it ships, used from C, C++, Go and Python.</summary>
public sealed class BuiltLibraryTests(ITestOutputHelper log) : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void C_finds_what_dotnet_finds() => AssertSame(Compile("cc", Example("c", "segment.c"), "-std=c11"));

    [Fact]
    public void Cpp_finds_what_dotnet_finds() => AssertSame(Compile("c++", Example("cpp", "segment.cpp"), "-std=c++17"));

    [Fact]
    public void Go_finds_what_dotnet_finds()
    {
        string program = _directory["segment"];
        // Skips the test where there is none, which env would not.
        Built.Run("go", ["version"]).Succeeded();
        Built.Run(
            "env", ["-C", Path.GetDirectoryName(Example("go", "main.go"))!, "go", "build", "-o", program],
            ("CGO_CFLAGS", $"-I{Repository.PathOf("include")}"),
            ("CGO_LDFLAGS", $"-L{Path.GetDirectoryName(Built.PathOf("liblungseg.so"))} -llungseg"),
            ("GOFLAGS", "-mod=mod -buildvcs=false"), ("GOCACHE", _directory["cache"]), ("CGO_ENABLED", "1")).Succeeded();
        AssertSame(program);
    }

    [Fact]
    public void Python_finds_what_dotnet_finds()
    {
        string python = Venv();
        AssertSame(python, Example("python", "segment.py"));
        Outcome run = Built.Run(python, [Source("wheel.py"), Repository.Sample, Repository.Pan]).Succeeded();
        Assert.EndsWith("all hold\n", run.Output);
    }

    [Fact]
    public void A_static_library_needs_nothing_beside_it()
    {
        string library = Built.PathOf("liblungseg.a"), program = _directory["segment"];
        string[] flags = [$"-I{Repository.PathOf("include")}", library, "-lm", "-lpthread", "-ldl", "-o", program];
        Built.Run("cc", [Example("c", "segment.c"), .. flags]).Succeeded();
        AssertSame(program, environment: ("LUNGSEG_WEIGHTS", Repository.PathOf("weights")));
        Assert.Empty(Defined("nm", "--defined-only", "--extern-only", library).Except([.. Header.Functions, "lungseg_build_in"]));
    }

    [Fact]
    public void Symbols_are_the_header_s_alone()
    {
        string[] found = Defined("nm", "-D", "--defined-only", Built.PathOf("liblungseg.so"));
        Assert.Equal(Header.Functions, found.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Structures_have_the_compiler_s_own_layout()
    {
        string source = _directory["layout.c"], program = _directory["layout"];
        File.WriteAllText(source, Header.LayoutProgram);
        Built.Run("cc", [source, $"-I{Repository.PathOf("include")}", "-o", program]).Succeeded();
        Assert.Equal(Header.Layout, Built.Run(program, []).Succeeded().Output.TrimEnd().Split('\n'));
    }

    [Fact]
    public void Each_level_of_the_processor_can_be_chosen()
    {
        string program = Compile("cc", Source("version.c"));
        foreach (string level in Built.Levels)
        {
            Outcome run = Built.Run(program, [], ("LUNGSEG_INSTRUCTIONS", level)).Succeeded();
            Assert.EndsWith($", {level}\n", run.Output, StringComparison.OrdinalIgnoreCase);
        }
        Assert.EndsWith($", {Built.Levels[0]}\n", Built.Run(program, []).Succeeded().Output, StringComparison.OrdinalIgnoreCase);
        Outcome wrong = Built.Run(program, [], ("LUNGSEG_INSTRUCTIONS", "mmx"));
        Assert.Equal((4, "LUNGSEG_INSTRUCTIONS is 'mmx': expected one of avx512, avx2, vector128\n"), (wrong.Exit, wrong.Error));
    }

    [Fact]
    public void A_host_s_own_signal_handlers_get_its_faults() =>
        Assert.Equal("before 4, after 4\n", Built.Run(Compile("cc", Source("signals.c")), [Repository.Sample]).Succeeded().Output);

    [Fact]
    public void A_host_calls_from_many_threads() =>
        Assert.Equal("64 masks, all the same\n", Built.Run(Compile("cc", Source("threads.c")), [Repository.Sample]).Succeeded().Output);

    [Fact]
    public void Valgrind_finds_nothing()
    {
        string program = Compile("cc", Source("small.c"), "-g");
        Outcome run = Built.Run(
            "valgrind",
            [
                "--error-exitcode=99", "--leak-check=full", "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite",
                "--max-stackframe=8400000", program,
            ],
            // Valgrind knows no AVX-512, and the collector's threads of their own would wait for each other.
            ("LUNGSEG_INSTRUCTIONS", "avx2"), ("DOTNET_gcConcurrent", "0"));
        Assert.True(run.Exit == 0, run.Error);
        Assert.Contains("ERROR SUMMARY: 0 errors", run.Error);
        Assert.Equal("all hold\n", run.Output);
    }

    // By hand: tests/long.sh soak, whose counts docs/testing.md publishes.
    [Fact(Explicit = true)]
    public void Many_calls_creations_and_damaged_files_leave_nothing_behind()
    {
        string image = _directory["image.png"];
        ImageWriter.WritePng(image, SyntheticRadiograph.Draw(160, 128, 3).Image);
        string weights = _directory["small.safetensors"];
        SmallNetwork.Write(weights);
        string[] files = GoodImages.In(Repository.PathOf("tests", "data"));
        int calls = Number("LUNGSEG_SOAK", 32_000), damaged = Number("LUNGSEG_FUZZ_CASES", 21_700_000);
        string[] arguments = [$"{calls}", $"{calls / 10}", $"{damaged}", image, weights, .. files];
        Outcome run = Built.Run(TimeSpan.FromHours(3), Compile("cc", Source("soak.c")), arguments).Succeeded();
        log.WriteLine($"{files.Length} good files. {run.Output}");

        static int Number(string variable, int usual) =>
            int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int number) ? number : usual;
    }

    private static string[] Defined(params string[] command) =>
        [.. Built.Run(command[0], command[1..]).Succeeded().Output.Split('\n').Where(line => line.Contains(' '))
            .Select(line => line.Split(' ')[^1])];

    private static string Example(string language, string file) => Repository.PathOf("examples", language, file);

    private static string Source(string file) => Repository.PathOf("tests", "Native.Tests", "Programs", file);

    private string Compile(string compiler, string source, params string[] options)
    {
        string program = _directory[Path.GetFileNameWithoutExtension(source)];
        Built.PathOf("liblungseg.so");
        Built.Run(compiler, [source, "-Wall", "-Wextra", "-Werror", "-O2", .. options, .. Built.Flags, "-o", program]).Succeeded();
        return program;
    }

    private string Venv()
    {
        string wheel = Directory.EnumerateFiles(Path.GetDirectoryName(Built.PathOf("liblungseg.so"))!, "lungseg-*-manylinux*.whl").Single();
        string venv = _directory["venv"];
        // Debian's own Python, whose NumPy is a package of Debian's.
        Outcome numpy = Built.Run("/usr/bin/python3", ["-c", "import numpy"]);
        Assert.SkipUnless(numpy.Exit == 0, "Debian's python3-numpy is not installed");
        Built.Run("/usr/bin/python3", ["-m", "venv", "--system-site-packages", "--without-pip", venv]).Succeeded();
        string python = Path.Combine(venv, "bin", "python");
        Outcome pip = Built.Run("/usr/bin/python3", ["-m", "pip", "--version"]);
        Assert.SkipUnless(pip.Exit == 0, "Debian's python3-pip is not installed");
        string[] install = ["-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "--quiet", wheel];
        Built.Run("/usr/bin/python3", install).Succeeded();
        return python;
    }

    private void AssertSame(string program, string? script = null, (string Name, string Value)? environment = null)
    {
        string mask = _directory["mask.pgm"];
        string[] arguments = [.. script is null ? Array.Empty<string>() : [script], Repository.Sample, mask];
        (string Name, string Value)[] variables = environment is { } variable ? [variable] : [];
        Outcome run = Built.Run(program, arguments, variables).Succeeded();
        Assert.Contains("pixels are lung", run.Output + run.Error);
        Assert.Equal(Built.MaskPgm(Repository.Sample), File.ReadAllBytes(mask));
        Outcome missing = Built.Run(program, [.. arguments[..^2], "missing.png", mask], variables);
        Assert.NotEqual(0, missing.Exit);
        Assert.Contains("missing.png", missing.Error);
    }
}
