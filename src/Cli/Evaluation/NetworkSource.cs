using LungSeg.Imaging;
using LungSeg.Models;

namespace LungSeg.Cli.Evaluation;

/// <summary>Masks that a network finds, as <c>segment</c> would write them.</summary>
internal sealed class NetworkSource(LungSegmenter segmenter) : IMaskSource
{
    public string Name => segmenter.Network.Key;

    public Architecture? Network => segmenter.Network;

    public string Description => $"{Path.GetFileName(segmenter.WeightsFile)} on {segmenter.Device} at {segmenter.NetworkSize} x {segmenter.NetworkSize}";

    public PredictedMask Predict(EvaluationPair pair, Radiograph image)
    {
        LungSegmentation result = segmenter.Segment(image);
        return new PredictedMask(OnImage(result.Mask), threshold => OnImage(segmenter.MaskAt(result, threshold)));

        LungMask OnImage(LungMask mask) => MaskReading.OnImage(mask, image, pair.Image);
    }

    public void Dispose() => segmenter.Dispose();
}
