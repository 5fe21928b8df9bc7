using LungSeg.Imaging;
using LungSeg.Models;

namespace LungSeg.Cli.Evaluation;

/// <summary>Masks that a network finds, as <c>segment</c> would write them.</summary>
internal sealed class NetworkSource(LungSegmenter segmenter) : IMaskSource
{
    public string Name => segmenter.Network.Key;

    public Architecture? Network => segmenter.Network;

    public string Description => $"{Path.GetFileName(segmenter.WeightsFile)} on {segmenter.Device} at {segmenter.NetworkSize} x {segmenter.NetworkSize}";

    public PredictedMask Predict(EvaluationPair pair, Radiograph picture)
    {
        LungSegmentation result = segmenter.Segment(picture);
        return new PredictedMask(OnPicture(result.Mask), threshold => OnPicture(segmenter.MaskAt(result, threshold)));

        LungMask OnPicture(LungMask mask) => MaskReading.OnPicture(mask, picture, pair.Picture);
    }

    public void Dispose() => segmenter.Dispose();
}
