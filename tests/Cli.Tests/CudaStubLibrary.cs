using System.ComponentModel;
using System.Diagnostics;

namespace LungSeg.Cli.Tests;

/// <summary>A libcuda.so.1 of tests/data/cuda/stub.c in a directory of its own; tests skip where it cannot be made.</summary>
public sealed class CudaStubLibrary : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly bool _made;

    public CudaStubLibrary()
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            using Process compiler = Process.Start(
                "cc",
                ["-shared", "-fPIC", "-O1", "-w", "-o", _directory["libcuda.so.1"], Repository.PathOf("tests", "data", "cuda", "stub.c")]);
            compiler.WaitForExit();
            _made = compiler.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            // No compiler.
        }
    }

    public void Dispose() => _directory.Dispose();

    /// <summary>Runs the program where the library is found first, with one of its entries failing if one is named.</summary>
    internal Run Lungseg(string[] args, string failing = "") => Lungseg(args, [("LUNGSEG_STUB_FAIL", failing)]);

    /// <summary>The same with other variables.</summary>
    internal Run Lungseg(string[] args, (string Name, string Value)[] variables) =>
        Tests.Lungseg.Process(args, environment: [("LD_LIBRARY_PATH", Folder), .. variables]);

    /// <summary>Where the library is.</summary>
    internal string Folder
    {
        get
        {
            Assert.SkipUnless(_made, "there is no C compiler to make a stub libcuda.so.1");
            return Path.GetDirectoryName(_directory["libcuda.so.1"])!;
        }
    }
}
