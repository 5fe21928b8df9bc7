using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using LungSeg.Imaging;
using LungSeg.Models;

namespace LungSeg.Native.Tests;

/// <summary>What a program wrote before it ended.</summary>
internal sealed record Outcome(int Exit, string Output, string Error)
{
    public Outcome Succeeded()
    {
        Assert.True(Exit == 0, $"exit {Exit}: {Error}{Output}");
        return this;
    }
}

/// <summary>
/// What tools/native.sh made. That takes minutes: `tests/peers.sh` does it, and `tests/long.sh native` as for a release, and they say where
/// by LUNGSEG_NATIVE; elsewhere tests skip.
/// </summary>
internal static class Built
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>The levels of this processor, as src/Native/Outer/choice.c names them, the widest first.</summary>
    public static IReadOnlyList<string> Levels { get; } =
        [.. LungSeg.Engine.Backends.Cpu.InstructionSets.Supported.Reverse().Select(set => $"{set}".ToLowerInvariant())];

    /// <summary>The path of something that was made, such as "lungseg".</summary>
    public static string PathOf(string name)
    {
        string? folder = Environment.GetEnvironmentVariable("LUNGSEG_NATIVE");
        Assert.SkipWhen(string.IsNullOrEmpty(folder), "the native program and library are not built: tests/peers.sh does that");
        string path = Path.GetFullPath(Path.Combine(folder!, name));
        Assert.SkipUnless(File.Exists(path), $"{name} is not built on this machine");
        return path;
    }

    /// <summary>The flags for C compilers.</summary>
    public static string[] Flags =>
        [$"-I{Repository.PathOf("include")}", $"-L{Path.GetDirectoryName(PathOf("liblungseg.so"))}", "-llungseg", "-lpthread"];

    /// <summary>The mask of an image as a PGM file, found by the library under .NET.</summary>
    public static byte[] MaskPgm(string image)
    {
        LungMask mask = MaskOf(image);
        return [.. Encoding.ASCII.GetBytes($"P5\n{mask.Width} {mask.Height}\n255\n"), .. mask.To8Bit()];
    }

    /// <summary>The same as a PNG file.</summary>
    public static byte[] MaskPng(string image)
    {
        using var stream = new MemoryStream();
        ImageWriter.WritePng(stream, MaskOf(image));
        return stream.ToArray();
    }

    private static LungMask MaskOf(string image)
    {
        using LungSegmenter segmenter = LungSegmenter.Load();
        return segmenter.Segment(image).Mask;
    }

    /// <summary>Runs a program that finds the library; skips where there is no such program.</summary>
    public static Outcome Run(string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment) =>
        Run(Patience, program, arguments, environment);

    /// <summary>The same for a program that may take so long.</summary>
    public static Outcome Run(
        TimeSpan patience, string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Environment.GetEnvironmentVariable("LUNGSEG_NATIVE") is { Length: > 0 } folder)
            start.Environment["LD_LIBRARY_PATH"] = Path.GetFullPath(folder);
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            Assert.Skip($"{program} is not installed");
            throw;
        }
        using (process)
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(patience))
            {
                process.Kill(entireProcessTree: true);
                Assert.Fail($"{program} did not end");
            }
            return new Outcome(process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
        }
    }
}
