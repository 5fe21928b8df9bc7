using LungSeg.Kernels;
using LungSeg.Kernels.Compiler;

// Called by the build: LungSeg.Kernels.dll IMAGE compiles all kernels into IMAGE.
if (args is not [string path])
{
    Console.Error.WriteLine("LungSeg.Kernels: expected the path of the image to write");
    return 2;
}
try
{
    var kernels = new List<(KernelSource, string)>();
    using (var compiler = new KernelCompiler())
    {
        foreach (KernelSource source in Catalogue.Kernels) kernels.Add((source, compiler.Compile(source)));
    }
    // Written beside its name and renamed: two builds at once each leave a whole file.
    string temporary = $"{path}.{Environment.ProcessId}.tmp";
    using (FileStream file = File.Create(temporary)) KernelImage.Write(file, kernels);
    File.Move(temporary, path, overwrite: true);
    return 0;
}
catch (KernelException e)
{
    Console.Error.WriteLine($"LungSeg.Kernels : error KERNEL : {e.Message}");
    return 1;
}
