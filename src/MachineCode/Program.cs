using LungSeg.IO;
using LungSeg.MachineCode;

// Called by the build: LungSeg.MachineCode.dll IMAGE assembles all functions into IMAGE.
if (args is not [string path])
{
    Console.Error.WriteLine("LungSeg.MachineCode: expected the path of the image to write");
    return 2;
}
try
{
    // Two builds at once each leave a whole file.
    AtomicFile.Write(path, Catalogue.Assemble().Write);
    return 0;
}
catch (FileException e)
{
    Console.Error.WriteLine($"LungSeg.MachineCode : error CODE : {e.Message}");
    return 1;
}
