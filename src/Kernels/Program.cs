using LungSeg.IO;
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
    // Two builds at once each leave a whole file.
    AtomicFile.Write(path, file => KernelImage.Write(file, kernels));
    return 0;
}
catch (Exception e) when (e is KernelException or FileException)
{
    Console.Error.WriteLine($"LungSeg.Kernels : error KERNEL : {e.Message}");
    return 1;
}
