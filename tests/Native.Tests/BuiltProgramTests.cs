using System.Text.Json;
using System.Text.RegularExpressions;

namespace LungSeg.Native.Tests;

/// <summary>The native program as it ships: one file, beside the program under .NET.</summary>
public sealed partial class BuiltProgramTests : IDisposable
{
    private const long Mebi = 1_000_000;
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private static string Program => Built.PathOf("lungseg");

    [Fact]
    public void Files_are_as_small_as_they_are_said_to_be()
    {
        bool isReleased = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("LUNGSEG_NATIVE_QUALITY"));
        Assert.SkipUnless(isReleased, "the files are compressed quickly, not as those of a release (tests/long.sh native)");
        long size = new FileInfo(Program).Length, weights = new FileInfo(Repository.Pan).Length;
        Assert.InRange(size, 1, 20 * Mebi);
        Assert.InRange(size - weights, 1, 12 * Mebi);
    }

    [Fact]
    public void Every_file_of_a_result_is_dotnet_s_byte_for_byte()
    {
        const string Formats = "mask,overlay,contour,probabilities,npy,coco,geojson,nrrd,nifti,uncertainty";
        Native(["segment", Repository.Sample, "-o", _directory["native"], "--format", Formats]).Succeeded();
        Dotnet(["segment", Repository.Sample, "-o", _directory["dotnet"], "--format", Formats]).Succeeded();
        string[] files = [.. Directory.GetFiles(_directory["dotnet"]).Select(file => Path.GetFileName(file))];
        Assert.True(files.Length >= 10);
        Assert.Equal(files.Order(), Directory.GetFiles(_directory["native"]).Select(file => Path.GetFileName(file)).Order());
        Assert.All(files, file =>
            Assert.Equal(File.ReadAllBytes(_directory[$"dotnet/{file}"]), File.ReadAllBytes(_directory[$"native/{file}"])));
    }

    [Fact]
    public void Each_level_finds_the_same_mask_and_says_which_it_is()
    {
        foreach (string level in Built.Levels)
        {
            Outcome run = Native(["segment", Repository.Sample, "-o", _directory[level]], ("LUNGSEG_INSTRUCTIONS", level)).Succeeded();
            Assert.Contains($"on CPU, {level}, ", run.Output, StringComparison.OrdinalIgnoreCase);
            Assert.Equal(Built.MaskPng(Repository.Sample), File.ReadAllBytes(_directory[$"{level}/radiograph.mask.png"]));
            Outcome version = Native(["--version"], ("LUNGSEG_INSTRUCTIONS", level)).Succeeded();
            Assert.Matches($"(?i)instructions +{level}", version.Output);
            Assert.Contains("native", version.Output);
        }
        Outcome wrong = Native(["--version"], ("LUNGSEG_INSTRUCTIONS", "mmx"));
        Assert.Equal((2, "lungseg: LUNGSEG_INSTRUCTIONS is 'mmx': expected one of avx512, avx2, vector128\n"), (wrong.Exit, wrong.Error));
    }

    [Fact]
    public void Doctor_says_which_level_runs_and_why()
    {
        Outcome run = Native(["doctor"]);
        Assert.Matches($"(?i)instruction set {Built.Levels[0]}", run.Output);
        Assert.Contains("pan.safetensors for pan, hash and shapes match", run.Output);
        Assert.Contains("reproduces the recorded output", run.Output);
        // Leaf 7 says in bit 11 of ecx whether the processor has AVX512_VNNI.
        bool vnni = Built.Levels[0] == "avx512" && (System.Runtime.Intrinsics.X86.X86Base.CpuId(7, 0).Ecx & (1 << 11)) != 0;
        Assert.Contains(vnni ? "AVX512_VNNI; machine code: 24 functions" : "no AVX512_VNNI machine code", run.Output);
        Outcome narrow = Native(["doctor"], ("LUNGSEG_INSTRUCTIONS", "vector128"));
        Assert.Contains("unset LUNGSEG_INSTRUCTIONS", narrow.Output);
    }

    [Fact]
    public void Weights_are_inside_and_a_folder_goes_before_them()
    {
        Assert.Contains("pan.safetensors", Native(["weights", "list"]).Succeeded().Output);
        Assert.Equal("pan.safetensors: ok\n", Native(["weights", "verify"]).Succeeded().Output);
        string[] arguments = ["info", "pan", "--json"];
        Assert.Contains("(built in)/pan.safetensors", Native(arguments).Succeeded().Output);
        string folder = Native(arguments, ("LUNGSEG_WEIGHTS", Repository.PathOf("weights"))).Succeeded().Output;
        Assert.DoesNotContain("built in", folder);
        Assert.Contains(Repository.Pan, folder);
        Outcome study = Native(["segment", Repository.Sample, "-o", _directory["no"], "--network", "unet"]);
        Assert.Equal(2, study.Exit);
        Assert.Contains("there are no weights of U-Net", study.Error);
    }

    [Fact]
    public void The_self_test_runs_in_processes_of_its_own()
    {
        string[] arguments = ["selftest", "--cases", "1", "--networks", "pan", "--json"];
        Assert.Equal(Checks(Dotnet(arguments).Succeeded()), Checks(Native(arguments).Succeeded()));

        static string[] Checks(Outcome run) => [.. JsonDocument.Parse(run.Output).RootElement.EnumerateArray().SelectMany(device =>
            device.GetProperty("operations").EnumerateArray().Select(operation => operation.GetProperty("name").GetString()!))];
    }

    [Fact]
    public void A_folder_resumes_and_a_stop_is_a_stop()
    {
        Directory.CreateDirectory(_directory["in"]);
        for (int i = 0; i < 24; i++) File.Copy(Repository.Sample, _directory[$"in/{i}.png"]);
        string[] arguments = ["segment", _directory["in"], "-o", _directory["out"], "--report"];
        const string Stop = """
            "$@" & until [ "$(cat "$0/journal.jsonl" 2> /dev/null | wc -l)" -ge 2 ]; do sleep 0.01; done; kill -TERM $!; wait $!
            """;
        Outcome stopped = Built.Run("sh", ["-c", Stop, _directory["out"], Program, .. arguments]);
        Assert.Equal(130, stopped.Exit);
        Assert.Contains("interrupted", stopped.Error);
        Outcome resumed = Native([.. arguments, "--resume"]).Succeeded();
        Assert.Matches("[0-9]+ of 24 images are already finished, and their outputs are unchanged", resumed.Error);
        Assert.Equal(24, Directory.GetFiles(_directory["out"], "*.mask.png").Length);
        Assert.True(File.Exists(_directory["out/report.html"]));
    }

    [Fact]
    public void Bad_input_is_one_line_and_exit_2()
    {
        string[] noImage = ["segment", Repository.PathOf("README.md"), "-o", _directory[""]];
        foreach (string[] arguments in (string[][])[["segment", "missing.png"], ["segment"], ["nonsense"], noImage])
        {
            Outcome native = Native(arguments), dotnet = Dotnet(arguments);
            Assert.Equal((2, dotnet.Error), (native.Exit, native.Error));
            Assert.Equal(1, native.Error.Count(c => c == '\n'));
        }
    }

    [Fact]
    public void A_GPU_is_driven_as_under_dotnet()
    {
        string library = _directory["libcuda.so.1"];
        Built.Run("cc", ["-shared", "-fPIC", "-O1", "-w", "-o", library, Repository.PathOf("tests", "data", "cuda", "stub.c")]).Succeeded();
        (string, string) stub = ("LD_LIBRARY_PATH", _directory.Name);
        foreach (string[] arguments in (string[][])[
            ["kernels", "--device", "cuda"], ["selftest", "--device", "cuda", "--cases", "1", "--networks", "none", "--precision", "fp16"],
            ["segment", Repository.Sample, "-o", _directory["out"], "--device", "cuda", "--precision", "tf32", "--json"]])
        {
            Outcome native = Native(arguments, stub), dotnet = Dotnet(arguments, stub);
            Assert.Equal((dotnet.Exit, dotnet.Error), (native.Exit, native.Error));
            Assert.Equal(Number().Replace(dotnet.Output, "N"), Number().Replace(native.Output, "N"));
        }
        Outcome without = Native(["selftest", "--device", "cuda"]);
        Assert.Contains("libcuda.so.1 cannot be loaded", without.Error);
    }

    [Fact]
    public void It_runs_where_it_may_write_nothing_and_from_any_folder()
    {
        string copy = _directory["a folder/lungseg"];
        Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
        File.Copy(Program, copy);
        string[] command = ["-C", "/", "TMPDIR=/nowhere", copy, "segment", Repository.Sample, "-o", _directory["out"]];
        Outcome run = Built.Run("env", command).Succeeded();
        Assert.Contains("lung", run.Output);
        Assert.Equal(Built.MaskPng(Repository.Sample), File.ReadAllBytes(_directory["out/radiograph.mask.png"]));
        Assert.Equal(["lungseg"], Directory.GetFiles(Path.GetDirectoryName(copy)!).Select(file => Path.GetFileName(file)));
    }

    [Fact]
    public void A_damaged_file_says_so()
    {
        byte[] bytes = File.ReadAllBytes(Program);
        // In the middle of the code, which is before the weights.
        Array.Fill<byte>(bytes, 0x5a, 1 << 20, 4096);
        string copy = _directory["lungseg"];
        File.Copy(Program, copy);
        File.WriteAllBytes(copy, bytes);
        Outcome run = Built.Run(copy, ["--version"]);
        Assert.NotEqual(0, run.Exit);
    }

    [Fact]
    public void No_symbol_is_newer_than_the_C_library_that_is_asked_for()
    {
        foreach (string file in (string[])["lungseg", "liblungseg.so"])
        {
            string symbols = Built.Run("objdump", ["-T", Built.PathOf(file)]).Succeeded().Output;
            Version newest = Glibc().Matches(symbols).Max(match => new Version(match.Groups[1].Value))!;
            Assert.InRange(newest, new Version(2, 0), new Version(2, 28));
        }
    }

    private static Outcome Native(string[] arguments, params (string Name, string Value)[] environment) =>
        Built.Run(Program, arguments, environment);

    private static Outcome Dotnet(string[] arguments, params (string Name, string Value)[] environment) =>
        Built.Run("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "lungseg.dll"), .. arguments], environment);

    [GeneratedRegex(@"GLIBC_(\d+\.\d+)")]
    private static partial Regex Glibc();

    // Times and load differ from run to run.
    [GeneratedRegex(@"\b\d[\d.e+-]*")]
    private static partial Regex Number();
}
