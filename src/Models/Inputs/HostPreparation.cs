using LungSeg.Engine;
using LungSeg.Imaging;

namespace LungSeg.Models.Inputs;

/// <summary>The host resizes and normalises the image and cuts the mask; the plan gets float32 and gives float32.</summary>
internal sealed class HostPreparation(Preprocess preprocess, Postprocess postprocess) : IInputPreparation
{
    public IPreparedImage Prepare(Radiograph image) => new Prepared(image, preprocess.Apply(image), postprocess);

    private sealed class Prepared(Radiograph image, float[] input, Postprocess postprocess) : IPreparedImage
    {
        public void Run(Plan plan, Span<float> output, CancellationToken cancellation) => plan.Execute(input, output, cancellation);

        public (ProbabilityMap Probabilities, LungMask Mask) Cut(ProbabilityMap output)
        {
            ProbabilityMap probabilities = postprocess.AtCut(output, image);
            return (probabilities, probabilities.Threshold(postprocess.Threshold));
        }
    }
}
