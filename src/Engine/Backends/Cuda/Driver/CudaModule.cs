using System.Text;

namespace LungSeg.Engine.Backends.Cuda.Driver;

/// <summary>PTX that the driver has compiled for the device, or found in its cache.</summary>
internal sealed unsafe class CudaModule : CudaHandle
{
    private const int LogBytes = 16 << 10;
    private const int SharedWithoutAsking = 48 << 10;

    /// <summary>Loads zero-terminated PTX; where the driver does not take it, its log is in the error.</summary>
    public CudaModule(CudaContext context, string name, ReadOnlySpan<byte> ptx) : base(context, Load(context, name, ptx)) => Name = name;

    public string Name { get; }

    /// <summary>A kernel by its entry's name, allowed as much dynamic shared memory as it needs.</summary>
    public nint Function(string entry, int dynamicSharedBytes)
    {
        nint function;
        CudaResult result;
        fixed (byte* name = Encoding.UTF8.GetBytes($"{entry}\0")) result = Context.Driver.ModuleGetFunction(&function, Handle, name);
        Context.Check(result, "cuModuleGetFunction", $"for {entry} in the kernels {Name}");
        if (dynamicSharedBytes > SharedWithoutAsking)
        {
            Context.Check(
                Context.Driver.FuncSetAttribute(function, FunctionAttribute.MaxDynamicSharedBytes, dynamicSharedBytes),
                "cuFuncSetAttribute", $"for {dynamicSharedBytes} bytes of shared memory of {entry}");
        }
        return function;
    }

    protected override CudaResult Release(nint value) => Context.Driver.ModuleUnload(value);

    private static nint Load(CudaContext context, string name, ReadOnlySpan<byte> ptx)
    {
        context.MakeCurrent();
        byte[] log = new byte[LogBytes];
        JitOption* options = stackalloc JitOption[] { JitOption.ErrorLogBuffer, JitOption.ErrorLogBufferBytes };
        nint module;
        CudaResult result;
        fixed (byte* image = ptx, text = log)
        {
            // The driver takes numbers and addresses alike in void pointers.
            void** values = stackalloc void*[] { text, (void*)LogBytes };
            result = context.Driver.ModuleLoadDataEx(&module, image, 2, options, values);
        }
        if (result != CudaResult.Success) context.Check(result, "cuModuleLoadDataEx", $"for the kernels {name}{Log(log)}");
        return module;
    }

    private static string Log(byte[] log)
    {
        int end = Array.IndexOf(log, (byte)0);
        string text = Encoding.UTF8.GetString(log, 0, end < 0 ? log.Length : end).Trim();
        return text.Length == 0 ? "" : $" (its log: {text.ReplaceLineEndings("; ")})";
    }
}
