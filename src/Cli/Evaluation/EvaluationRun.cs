using LungSeg.Cli.Runs;
using LungSeg.Imaging;
using LungSeg.Imaging.Dicom;
using LungSeg.Imaging.Evaluation;

namespace LungSeg.Cli.Evaluation;

/// <summary>Compares a source's masks with the references, image by image; an image that fails is told and the others go on.</summary>
/// <param name="dicom">How DICOM images are read.</param>
/// <param name="thresholds">The thresholds of a sweep.</param>
/// <param name="union">Whether all labels of a mask are lung.</param>
internal sealed class EvaluationRun(DicomOptions dicom, IReadOnlyList<float> thresholds, bool union)
{
    /// <summary>The thresholds of a sweep: from 0.05 to 0.95.</summary>
    public static IReadOnlyList<float> SweepThresholds { get; } = [.. Enumerable.Range(1, 19).Select(i => i / 20f)];

    public SourceResult Run(IMaskSource source, IReadOnlyList<EvaluationPair> pairs, RunProgress progress, Action<string> tell)
    {
        List<EvaluatedImage> images = [];
        List<FailedImage> failures = [];
        var worst = new WorstCases();
        foreach (EvaluationPair pair in pairs)
        {
            try
            {
                images.Add(Evaluate(source, pair, worst));
                progress.Add(failed: false);
            }
            catch (Exception e) when (CommandLine.IsInput(e))
            {
                failures.Add(new FailedImage(pair.Name, CommandLine.Message(e)));
                progress.Add(failed: true);
                tell($"lungseg: {CommandLine.Message(e).ReplaceLineEndings(" ")}");
            }
        }
        return new SourceResult(source.Name, source.Network, source.Description, images, failures, worst.Panels);
    }

    private EvaluatedImage Evaluate(IMaskSource source, EvaluationPair pair, WorstCases worst)
    {
        Radiograph image = ImageReader.Read(pair.Image, dicom);
        LungMask? ignored = MaskReading.Ignored(pair, image, union);
        LungMask reference = Counted(MaskReading.Reference(pair, image, union));
        (LungMask predicted, Func<float, LungMask>? at) = source.Predict(pair, image);
        LungMask mask = Counted(predicted);
        if (thresholds.Count > 0 && at is null)
            throw new UsageException($"'{pair.Prediction}' is a mask: a threshold sweep needs probability maps, which 'segment --format probabilities' writes");
        MaskScore score = MaskScore.Of(reference, mask, image.Spacing);
        worst.Offer(score, () => CasePanel.Draw(pair.Name, image, reference, mask, score));
        return new EvaluatedImage(
            pair.Name, image.Width, image.Height, image.Spacing, score, [.. thresholds.Select(threshold => MaskOverlap.Of(reference, Counted(at!(threshold))).Dice)]);

        // Both masks are cleared where nothing is counted: overlaps are those of the rest.
        LungMask Counted(LungMask mask) => ignored is null ? mask : mask.Without(ignored);
    }
}
