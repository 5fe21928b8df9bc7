using ILGPU.Runtime.Cuda;

namespace LungSeg.Kernels.Ptx;

/// <summary>
/// Copies from device to shared memory that run beside the computation (<c>cp.async</c>, sm_80). A thread's copies since its last
/// commit are a group; what a group brought is there for the thread once it waited for it, and for the block behind a barrier.
/// </summary>
internal static class CpAsync
{
    /// <summary>16 bytes, or 16 zero bytes without a look at the source. Both addresses are multiples of 16.</summary>
    public static void Copy16(uint target, long source, bool exists) =>
        CudaAsm.Emit("cp.async.cg.shared.global [%0], [%1], 16, %2;", target, source, exists ? 16 : 0);

    public static void Commit() => CudaAsm.Emit("cp.async.commit_group;");

    /// <summary>Waits until no more than two groups are under way: with four stages, until the oldest has come.</summary>
    public static void WaitForAllButTwo() => CudaAsm.Emit("cp.async.wait_group 2;");

    /// <summary>Waits until no more than one group is under way.</summary>
    public static void WaitForAllButOne() => CudaAsm.Emit("cp.async.wait_group 1;");

    /// <summary>Waits until all groups have come.</summary>
    public static void WaitForAll() => CudaAsm.Emit("cp.async.wait_group 0;");
}
