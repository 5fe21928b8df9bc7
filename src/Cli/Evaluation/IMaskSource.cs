using LungSeg.Imaging;
using LungSeg.Models;

namespace LungSeg.Cli.Evaluation;

/// <summary>Where predicted masks come from: a network, or files.</summary>
internal interface IMaskSource : IDisposable
{
    /// <summary>The network's key, or the folder.</summary>
    string Name { get; }

    /// <summary>The network; null for files.</summary>
    Architecture? Network { get; }

    /// <summary>Weights, device and settings, or nothing more than files.</summary>
    string Description { get; }

    /// <summary>Finds the lungs of an image, on its pixels.</summary>
    PredictedMask Predict(EvaluationPair pair, Radiograph image);
}

/// <summary>A mask, and the masks that other thresholds would have given; null where that is not known.</summary>
internal sealed record PredictedMask(LungMask Mask, Func<float, LungMask>? At);
