using System.Diagnostics;
using LungSeg.Engine.Backends.Cuda;

namespace LungSeg.Kernels.Tests;

/// <summary>NVIDIA's assembler takes every module, where it is installed: tools/assemble-ptx.sh shows the whole table.</summary>
public sealed class AssemblyTests
{
    [Fact]
    public void One_kernel_of_each_target_assembles()
    {
        Assert.SkipUnless(HasAssembler(), "ptxas is not installed");
        foreach (string name in (string[])["conv_simt_f32_128x128", "conv_mma_f16_128x128", "conv_wgmma_f16_128x128"])
        {
            string file = Path.Combine(Path.GetTempPath(), $"lungseg-{Guid.NewGuid():N}.ptx");
            try
            {
                File.WriteAllText(file, Gpu.Text(name));
                (int exit, string output) = Assemble("-v", $"-arch={KernelLibrary.Find(name).Target}", file, "-o", "/dev/null");
                Assert.True(exit == 0, $"{name}: {output}");
                Assert.Contains("0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads", output);
            }
            finally
            {
                File.Delete(file);
            }
        }
    }

    private static bool HasAssembler()
    {
        try
        {
            return Assemble("--version").Exit == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static (int Exit, string Output) Assemble(params string[] arguments)
    {
        using Process process = Process.Start(
            new ProcessStartInfo("ptxas", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.GetAwaiter().GetResult());
    }
}
