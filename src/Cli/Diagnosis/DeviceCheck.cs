using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;

namespace LungSeg.Cli.Diagnosis;

/// <summary>The devices besides the processor, each tried with a small network.</summary>
internal static class DeviceCheck
{
    public static IEnumerable<Finding> Find()
    {
        IReadOnlyList<CudaDevice> devices;
        string? none = null;
        try
        {
            devices = CudaDevice.List();
        }
        catch (DeviceException e)
        {
            (devices, none) = ([], e.Message);
        }
        return none is not null ? [Finding.Good("GPU", none)] : devices.Select(Try);
    }

    private static Finding Try(CudaDevice device)
    {
        string name = $"{device}, compute capability {device.Major}.{device.Minor}, {device.MemoryBytes >> 20} MiB, driver for CUDA {device.CudaVersion}";
        try
        {
            using var backend = new CudaBackend(device.Index);
            return DeviceTrial.FaultOf(backend) is { } fault ? Broken(name, fault)
                : Finding.Good("GPU", $"{name}: computes{Newer(device)}; lungseg selftest --device cuda checks it thoroughly");
        }
        catch (DeviceException e)
        {
            return Broken(name, e.Message);
        }
    }

    // What the kernels were not written for runs by the driver's compiler.
    private static string Newer(CudaDevice device) => device.Major < 10 ? ""
        : " (newer than the program's kernels: its driver compiles those for tensor cores of 8.0, conv_mma, when they are first used, and keeps them)";

    private static Finding Broken(string name, string fault) => Finding.Warning("GPU", $"{name}: {fault}", "segment works with --device cpu; a newer driver may help");
}
