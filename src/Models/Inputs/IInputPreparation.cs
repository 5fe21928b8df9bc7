using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Imaging;

namespace LungSeg.Models.Inputs;

/// <summary>
/// How images become a plan's input, and its output masks: each step where the backend does it best. The results are the same bits.
/// </summary>
internal interface IInputPreparation
{
    /// <summary>Does what needs no plan. For several threads.</summary>
    IPreparedImage Prepare(Radiograph image);
}

/// <summary>An image on its way through a plan.</summary>
internal interface IPreparedImage
{
    /// <summary>Runs a plan of 1 x 3 x size x size on the image and fills the network's own output, size x size probabilities.</summary>
    void Run(Plan plan, Span<float> output, CancellationToken cancellation);

    /// <summary>From a run's output: the probabilities at the size at which they are cut, and the mask before it is cleaned.</summary>
    (ProbabilityMap Probabilities, LungMask Mask) Cut(ProbabilityMap output);
}

/// <summary>Chooses the preparation for a backend.</summary>
internal static class InputPreparation
{
    // The GPU's kernel makes the three channels that the nine have.
    public static IInputPreparation For(IBackend backend, Preprocess preprocess, Postprocess postprocess) =>
        backend is CudaBackend && preprocess.Channels == 3
        ? new DevicePreparation(preprocess, postprocess)
        : new HostPreparation(preprocess, postprocess);
}
