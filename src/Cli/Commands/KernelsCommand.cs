using System.CommandLine;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.IO;
using LungSeg.Kernels.Abi;
using Spectre.Console;

namespace LungSeg.Cli.Commands;

/// <summary><c>kernels</c>: the GPU kernels in this program.</summary>
internal static class KernelsCommand
{
    private static readonly Example[] Examples =
    [
        new("lungseg kernels", "list the kernels and the GPUs they are for"),
        new("lungseg kernels --device cuda", "compile them for this GPU; show registers and occupancy"),
        new("lungseg kernels --dump ptx", "write each kernel's PTX into the directory ptx"),
    ];

    public static Command Create()
    {
        var dump = new Option<string?>("--dump")
        {
            Description = "Write each kernel's PTX as a file into this directory",
            HelpName = "DIR",
        };
        var device = new Option<string?>("--device")
        {
            Description = "Compile the kernels for this GPU, and show registers, local memory and occupancy",
            HelpName = "cuda[:N]",
        };
        Option<bool> json = CommonOptions.Json();
        var command = new CliCommand(
            "kernels", "List the GPU kernels in this program, with targets and the resources of a block.", Examples)
        {
            dump, device, json,
        };
        command.SetAction(parsed =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            string? directory = parsed.GetValue(dump);
            if (directory is not null) Dump(directory);
            IReadOnlyDictionary<string, CompiledKernel>? compiled = parsed.GetValue(device) is { } gpu ? Compile(gpu) : null;
            if (parsed.GetValue(json)) WriteJson(output, compiled);
            else if (compiled is not null) WriteCompiled(output, compiled);
            else if (directory is not null) output.WriteLine($"{KernelLibrary.Kernels.Count} PTX modules written to {directory}");
            else Write(output);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Dump(string directory)
    {
        OutputDirectory.Check(directory);
        OutputDirectory.Create(directory);
        // Without the final zero byte, which the driver needs.
        AtomicFile.Write([.. KernelLibrary.Kernels.Select(kernel =>
            (Path.Combine(directory, $"{kernel.Name}.ptx"), (Action<Stream>)(stream => stream.Write(kernel.ReadPtx().AsSpan()[..^1]))))]);
    }

    private static IReadOnlyDictionary<string, CompiledKernel> Compile(string device)
    {
        using IBackend backend = DeviceChoices.Open(device, Precision.Float32.Name(), 0, TextWriter.Null);
        return backend is CudaBackend gpu
            ? gpu.Compile()
            : throw new UsageException($"kernels are compiled for GPUs only: expected --device cuda or cuda:N, found '{device}'");
    }

    private static void WriteCompiled(TextWriter output, IReadOnlyDictionary<string, CompiledKernel> compiled)
    {
        Table table = Tables.Create(
            "kernel", "target", "threads#", "shared, bytes#", "registers#", "local, bytes#", "blocks per multiprocessor#");
        foreach (KernelInfo kernel in KernelLibrary.Kernels)
        {
            if (!compiled.TryGetValue(kernel.Name, out CompiledKernel? made)) continue;
            Tables.Row(table,
            [
                kernel.Name, kernel.Target, $"{kernel.Threads}", $"{kernel.SharedBytes}", $"{made.Registers}", $"{made.LocalBytes}",
                $"{made.BlocksPerMultiprocessor}",
            ]);
        }
        Tables.Write(output, table);
        output.WriteLine($"{compiled.Count} of {KernelLibrary.Kernels.Count} kernels are for this GPU; "
            + $"{compiled.Values.Count(made => made.LocalBytes > 0)} of them use local memory.");
    }

    private static void Write(TextWriter output)
    {
        Table table = Tables.Create("kernel", "target", "precision", "threads#", "shared, bytes#", "tile");
        foreach (KernelInfo kernel in KernelLibrary.Kernels)
        {
            string tile = kernel.TileM > 0 ? $"{kernel.TileM} x {kernel.TileN}{(kernel.TileK > 0 ? $" x {kernel.TileK}" : "")}" : "";
            Tables.Row(table, [kernel.Name, kernel.Target, kernel.Precision, $"{kernel.Threads}", $"{kernel.SharedBytes}", tile]);
        }
        Tables.Write(output, table);
        output.WriteLine(
            $"{KernelLibrary.Kernels.Count} kernels. The driver compiles them for the GPU; tools/assemble-ptx.sh shows their registers.");
    }

    private static void WriteJson(TextWriter output, IReadOnlyDictionary<string, CompiledKernel>? compiled) => Json.Write(output, json =>
    {
        json.WriteStartArray();
        foreach (KernelInfo kernel in KernelLibrary.Kernels)
        {
            json.WriteStartObject();
            kernel.Write(json);
            if (compiled?.GetValueOrDefault(kernel.Name) is { } made)
            {
                json.WriteNumber("registers", made.Registers);
                json.WriteNumber("localBytes", made.LocalBytes);
                json.WriteNumber("blocksPerMultiprocessor", made.BlocksPerMultiprocessor);
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });
}
