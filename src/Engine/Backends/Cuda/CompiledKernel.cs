using LungSeg.Engine.Backends.Cuda.Driver;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>What the driver made of a kernel for a GPU.</summary>
/// <param name="Registers">Of a thread.</param>
/// <param name="LocalBytes">Of a thread: registers that did not suffice, in memory.</param>
/// <param name="BlocksPerMultiprocessor">How many blocks a multiprocessor holds at once.</param>
internal sealed unsafe record CompiledKernel(int Registers, int LocalBytes, int BlocksPerMultiprocessor)
{
    public static CompiledKernel Of(CudaContext context, KernelInfo kernel, nint function)
    {
        context.MakeCurrent();
        int blocks;
        context.Check(
            context.Driver.OccupancyMaxActiveBlocksPerMultiprocessor(&blocks, function, kernel.Threads, (nuint)kernel.SharedBytes),
            "cuOccupancyMaxActiveBlocksPerMultiprocessor", $"for {kernel.Name}");
        return new CompiledKernel(Attribute(FunctionAttribute.Registers), Attribute(FunctionAttribute.LocalBytes), blocks);

        int Attribute(FunctionAttribute attribute)
        {
            int value;
            context.Check(context.Driver.FuncGetAttribute(&value, attribute, function), "cuFuncGetAttribute",
                $"of {attribute} for {kernel.Name}");
            return value;
        }
    }
}
