using LungSeg.Engine;
using LungSeg.Engine.Weights;
using LungSeg.Imaging;
using LungSeg.Imaging.Dicom;
using LungSeg.Imaging.Evaluation;
using LungSeg.Models;
using LungSeg.Models.Calibration;

namespace LungSeg.Cli.Evaluation;

/// <summary>
/// Compares a source's masks with the references, image by image; an image that fails is reported, and the others continue.
/// </summary>
/// <param name="dicom">How DICOM images are read.</param>
/// <param name="thresholds">The thresholds of a sweep.</param>
/// <param name="union">Whether all labels of a mask count as lung.</param>
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
        (LungMask predicted, Func<float, LungMask>? at, LungMask? inFloat) = source.Predict(pair, image);
        LungMask mask = Counted(predicted);
        if (thresholds.Count > 0 && at is null)
        {
            throw new UsageException(
                $"'{pair.Prediction}' is a mask: a threshold sweep needs probability maps, which 'segment --format probabilities' writes");
        }
        MaskScore score = MaskScore.Of(reference, mask, image.Spacing);
        worst.Offer(score, () => CasePanel.Draw(pair.Name, image, reference, mask, score));
        return new EvaluatedImage(
            pair.Name, image.Width, image.Height, image.Spacing, score,
            [.. thresholds.Select(threshold => MaskOverlap.Of(reference, Counted(at!(threshold))).Dice)])
        {
            Agreement = inFloat is null ? null : ImageAgreement.Of(pair.Name, reference, Counted(inFloat), mask),
        };

        // Both masks are cleared in the ignored region, so that only the rest is measured.
        LungMask Counted(LungMask mask) => ignored is null ? mask : mask.Without(ignored);
    }
}

/// <summary>Where predicted masks come from: a network, or files.</summary>
internal interface IMaskSource : IDisposable
{
    /// <summary>The network's key, or the folder.</summary>
    string Name { get; }

    /// <summary>The network; null for files.</summary>
    Architecture? Network { get; }

    /// <summary>Weights, device and settings; or that these are files.</summary>
    string Description { get; }

    /// <summary>Finds the lungs of an image, on its pixels.</summary>
    PredictedMask Predict(EvaluationPair pair, Radiograph image);
}

/// <summary>
/// A mask; a way to get masks at other thresholds, null where that is not possible; of a quantised network the mask in float32, where it
/// can be had.
/// </summary>
internal sealed record PredictedMask(LungMask Mask, Func<float, LungMask>? At, LungMask? InFloat = null);

/// <summary>Masks that a network finds, as <c>segment</c> would write them.</summary>
/// <param name="segmenter">The network.</param>
/// <param name="isQuantized">Whether it is computed in integers.</param>
/// <param name="inFloat">Of a quantised network, the one that it was made of, if there is one; disposed, too.</param>
internal sealed class NetworkSource(LungSegmenter segmenter, bool isQuantized, LungSegmenter? inFloat) : IMaskSource
{
    public string Name => segmenter.Network.Key;

    public Architecture? Network => segmenter.Network;

    public string Description => $"{Weights} on {Device} at {segmenter.NetworkSize} x {segmenter.NetworkSize}"
        + (isQuantized && inFloat is null ? $"; not compared with fp32: {NoFloat}" : "");

    /// <summary>Why masks of a quantised network are not compared with those in float32.</summary>
    public string NoFloat => $"'{WeightsFolder.Default.Path}' does not have the weights that {Weights} was made of";

    public string Weights => Path.GetFileName(segmenter.WeightsFile)!;

    public string? FloatWeights => Path.GetFileName(inFloat?.WeightsFile);

    public string Device => segmenter.Device;

    /// <summary>
    /// Loads a network; where it is quantised, also the weights that it was made of, if the weights folder has them.
    /// </summary>
    public static NetworkSource Load(LungSegmenterOptions options)
    {
        LungSegmenter segmenter = LungSegmenter.Load(options);
        try
        {
            StateDict weights = Checkpoint.Read(segmenter.WeightsFile);
            return NetworkQuantization.Of(weights) is null ? new NetworkSource(segmenter, false, null)
                : new NetworkSource(segmenter, true, LoadFloat(segmenter, weights, options));
        }
        catch
        {
            segmenter.Dispose();
            throw;
        }
    }

    public PredictedMask Predict(EvaluationPair pair, Radiograph image) => Predict(pair.Image, image);

    /// <summary>Finds the lungs of an image that was read from a file.</summary>
    public PredictedMask Predict(string path, Radiograph image)
    {
        LungSegmentation result = segmenter.Segment(image);
        return new PredictedMask(
            OnImage(result.Mask), threshold => OnImage(segmenter.MaskAt(result, threshold)),
            inFloat is null ? null : OnImage(inFloat.Segment(image).Mask));

        LungMask OnImage(LungMask mask) => MaskReading.OnImage(mask, image, path);
    }

    private static LungSegmenter? LoadFloat(LungSegmenter quantized, StateDict weights, LungSegmenterOptions options)
    {
        const string Source = "source_sha256";
        string? made = weights.Metadata.GetValueOrDefault(Source);
        if (WeightsFolder.Default.TryFind(quantized.Network) is not { } file) return null;
        if (made != WeightsHash.OfFile(file) && made != Checkpoint.Read(file).Metadata.GetValueOrDefault(Source)) return null;
        return LungSegmenter.Load(options with { Network = quantized.Network.Key, WeightsFile = file, Precision = Precision.Float32 });
    }

    public void Dispose()
    {
        segmenter.Dispose();
        inFloat?.Dispose();
    }
}

/// <summary>Existing masks or probability maps; a map is cut at the threshold and not cleaned.</summary>
internal sealed class FileSource(string path, float threshold, bool union) : IMaskSource
{
    public string Name => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));

    public Architecture? Network => null;

    public string Description => "files, taken as they are";

    public PredictedMask Predict(EvaluationPair pair, Radiograph image)
    {
        string file = pair.Prediction ?? throw new UsageException($"'{pair.Name}' has no prediction in '{path}'");
        Comparable values = Comparable.Read(file, union);
        return new PredictedMask(Cut(threshold), values.IsMask ? null : Cut);

        LungMask Cut(float at) => MaskReading.OnImage(values.Cut(at), image, file);
    }

    public void Dispose()
    {
    }
}

/// <summary>Which networks are evaluated.</summary>
/// <param name="Asked">In order; a null stands for the network that the weights file is for.</param>
/// <param name="Missing">Networks that <c>all</c> leaves out because they have no weights.</param>
internal sealed record NetworkChoice(IReadOnlyList<Architecture?> Asked, IReadOnlyList<Architecture> Missing)
{
    /// <summary>Every network that has weights.</summary>
    public const string All = "all";

    /// <summary>Reads keys, separated by commas. Throws where a named network has no weights, before any work is done.</summary>
    public static NetworkChoice Of(IEnumerable<string> words, string? weights, Precision precision = Precision.Float32)
    {
        const StringSplitOptions Clean = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;
        string[] keys = [.. words.SelectMany(word => word.Split(',', Clean)).Distinct()];
        if (weights is not null && (keys.Length > 1 || keys.Contains(All)))
            throw new UsageException("--weights is the file of one network: give at most one --network");
        if (weights is not null) return new NetworkChoice([keys.Length == 0 ? null : Architectures.Get(keys[0])], []);
        WeightsFolder folder = WeightsFolder.Default;
        if (!keys.Contains(All))
        {
            Architecture[] named = keys.Length == 0
                ? [Architectures.Get(NetworkWeights.DefaultNetwork)]
                : [.. keys.Select(Architectures.Get)];
            foreach (Architecture network in named) folder.Find(network, precision);
            return new NetworkChoice(named, []);
        }
        ILookup<bool, Architecture> found = Architectures.All.ToLookup(network => folder.TryFind(network, precision) is not null);
        string kind = precision == Precision.Int8 ? "quantised weights" : "weights";
        if (!found[true].Any()) throw new UsageException($"'{folder.Path}' has no {kind} for any network");
        return new NetworkChoice([.. found[true]], [.. found[false]]);
    }
}

/// <summary>The images with the lowest Dice so far; only they are drawn.</summary>
internal sealed class WorstCases
{
    private const int Kept = 4;
    private readonly List<(double Dice, CasePanel Panel)> _cases = [];

    /// <summary>The worst first.</summary>
    public IReadOnlyList<CasePanel> Panels => [.. _cases.Select(c => c.Panel)];

    public void Offer(MaskScore score, Func<CasePanel> draw)
    {
        double dice = score.Overlap.Dice;
        if (_cases.Count == Kept && dice >= _cases[^1].Dice) return;
        int place = _cases.FindIndex(c => dice < c.Dice);
        _cases.Insert(place < 0 ? _cases.Count : place, (dice, draw()));
        if (_cases.Count > Kept) _cases.RemoveAt(Kept);
    }
}
