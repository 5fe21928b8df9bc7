using System.Runtime.InteropServices;

namespace LungSeg.Engine.Backends.Cuda.Driver;

/// <summary>Errors from the driver's codes: its own name and words for the code, the call, the device, and what the call was for.</summary>
internal static unsafe class DriverErrors
{
    public static DeviceException Of(ICudaDriver driver, CudaResult result, string call, string device, string? where)
    {
        byte* name, description;
        string code = driver.GetErrorName(result, &name) == CudaResult.Success ? Text(name) : "unknown code";
        string words = driver.GetErrorString(result, &description) == CudaResult.Success ? $", {Text(description)}" : "";
        return new DeviceException(
            $"{device}: {call} failed{(where is null ? "" : $" {where}")}: {code} ({(int)result}{words}){Advice(result)}");
    }

    private static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";

    private static string Advice(CudaResult result) => result switch
    {
        CudaResult.OutOfMemory => "; use a smaller batch or size, or end what else uses the GPU",
        CudaResult.UnsupportedPtxVersion or CudaResult.NoBinaryForGpu => "; install a newer NVIDIA driver",
        CudaResult.SystemNotReady or CudaResult.SystemDriverMismatch =>
            "; the driver's kernel module and its libraries do not fit together: restart the machine",
        >= CudaResult.IllegalAddress and <= CudaResult.LaunchFailed and not CudaResult.LaunchOutOfResources =>
            "; this process cannot use the GPU any more and must be restarted; which operation it was is found by a run with "
            + $"{CudaBackend.StepwiseVariable}=1",
        _ => "",
    };
}
