using LungSeg.Engine.Backends.Cuda.Driver;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>
/// What a caller does on the device around a run: it makes the planar input there, and takes what it needs from the planar output, so that
/// neither crosses to the host. Its work goes on the plan's stream.
/// </summary>
internal interface IStreamWork
{
    /// <summary>Puts what makes the input, planar float32 at this address, on the stream.</summary>
    void MakeInput(CudaStream stream, ulong planarInput);

    /// <summary>Puts what reads the network's own output, planar float32 at this address, on the stream.</summary>
    void TakeOutput(CudaStream stream, ulong planarOutput);

    /// <summary>Fetches what came to the host, once the stream is done.</summary>
    void Finish();
}
