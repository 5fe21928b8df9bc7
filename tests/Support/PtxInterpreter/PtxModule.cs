using LungSeg.PtxInterpreter.Decoding;
using LungSeg.PtxInterpreter.Syntax;

namespace LungSeg.PtxInterpreter;

/// <summary>A PTX module, parsed and decoded once; its kernels can be launched any number of times.</summary>
public sealed class PtxModule
{
    private readonly Dictionary<string, PtxKernel> _kernels;

    private PtxModule(string target, Dictionary<string, PtxKernel> kernels) => (Target, _kernels) = (target, kernels);

    /// <summary>The architecture that the module is written for.</summary>
    public string Target { get; }

    /// <summary>The entry points.</summary>
    public IEnumerable<PtxKernel> Kernels => _kernels.Values;

    /// <summary>Reads a module; throws <see cref="PtxSyntaxException"/> for what the interpreter does not know.</summary>
    public static PtxModule Parse(string text)
    {
        (IReadOnlyList<KernelSyntax> kernels, string? dynamicShared, string target) = ModuleParser.Parse(text);
        return new PtxModule(target, kernels.ToDictionary(kernel => kernel.Name,
            kernel => new PtxKernel(kernel, Decoder.Decode(kernel, dynamicShared))));
    }

    /// <summary>The entry point of that name.</summary>
    public PtxKernel Entry(string name) => _kernels.TryGetValue(name, out PtxKernel? kernel) ? kernel
        : throw new KeyNotFoundException($"the module has no entry point '{name}'");
}
