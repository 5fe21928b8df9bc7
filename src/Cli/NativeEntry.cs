using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LungSeg.Cli.Commands;
using LungSeg.IO;

namespace LungSeg.Cli;

/// <summary>How src/Native/Outer/program.c, the outer part of the native program, runs the commands.</summary>
internal static unsafe class NativeEntry
{
    /// <summary>Takes a file over that the program carries; called before all else.</summary>
    [UnmanagedCallersOnly(EntryPoint = "lungseg_build_in", CallConvs = [typeof(CallConvCdecl)])]
    public static void BuildIn(byte* name, byte* bytes, nuint length) =>
        BuiltInFiles.Add(Marshal.PtrToStringUTF8((nint)name)!, bytes, (int)length);

    /// <summary>Runs the program with C's arguments, its own name first; returns the exit code.</summary>
    [UnmanagedCallersOnly(EntryPoint = "lungseg_main", CallConvs = [typeof(CallConvCdecl)])]
    public static int Run(int count, byte** arguments)
    {
        string[] args = new string[Math.Max(0, count - 1)];
        for (int i = 0; i < args.Length; i++) args[i] = Marshal.PtrToStringUTF8((nint)arguments[i + 1])!;
        return CommandLine.Run(args, Root.Create);
    }
}
