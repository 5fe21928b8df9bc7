namespace LungSeg.Engine;

/// <summary>A way to run graphs: a device and its kernels.</summary>
public interface IBackend : IDisposable
{
    /// <summary>What runs, for people: device, instruction set, threads.</summary>
    string Description { get; }

    /// <summary>
    /// The device as far as the bits of its results depend on it: its instruction set, its precision, but not its number of threads.
    /// </summary>
    string Processor => Description;

    /// <summary>How it computes.</summary>
    Precision Precision => Precision.Float32;

    /// <summary>
    /// Applies the passes and prepares the weights, shared by all plans of the model. Throws <see cref="DeviceException"/>
    /// naming the operation and its path if the backend has no kernel for it.
    /// </summary>
    Model Load(Graph graph, LoadOptions? options = null);
}
