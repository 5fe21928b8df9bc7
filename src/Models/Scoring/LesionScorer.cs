using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Weights;
using LungSeg.Imaging;
using LungSeg.Imaging.Masks;
using LungSeg.Imaging.Scoring;

namespace LungSeg.Models.Scoring;

/// <summary>What was scored in an image.</summary>
/// <param name="Lungs">The lungs, as the segmenter found them.</param>
/// <param name="Canvas">The image on which <paramref name="LungMask"/> and <paramref name="Lesions"/> lie pixel by pixel.</param>
/// <param name="LungMask">The lungs in which lesions were looked for.</param>
/// <param name="Lesions">The lesions.</param>
/// <param name="Label">The network's probability that there are lesions at all; null for a network without a label.</param>
/// <param name="Score">How much of each third of the lungs the lesions cover.</param>
public sealed record LesionResult(
    LungSegmentation Lungs, Radiograph Canvas, LungMask LungMask, LungMask Lesions, float? Label, LesionScore Score);

/// <summary>
/// The study's second stage: finds lesions in the lungs and scores them from 0 to 6, one for each third of a lung that they cover. In
/// <see cref="SegmentationMode.Study"/> it takes the study's own steps, bit for bit; else masks lie on the image's own pixels, colours are
/// in the order of training, and lungs are told apart by the patient's side. One image at a time.
/// </summary>
public sealed class LesionScorer : IDisposable
{
    private readonly LungSegmenter _lungs;
    private readonly SegmentationMode _mode;
    private readonly float _threshold;
    private readonly CpuBackend? _ownBackend;
    private readonly Model _model;
    private readonly Plan _plan;

    private LesionScorer(NetworkWeights lesions, LungSegmenterOptions lungs)
    {
        Network = lesions.Network.WithProbabilities();
        WeightsFile = lesions.File;
        (_mode, _threshold) = (lungs.Mode, lungs.Threshold);
        if (Network.Options is not { InChannels: 3, Classes: 1 })
        {
            throw new WeightException($"{Network.Name} with {NetworkOptionNames.ToText(Network.Options)} finds no lesions: "
                + "expected three channels and one class");
        }
        IBackend backend = lungs.Backend ?? (_ownBackend = new CpuBackend(lungs.Threads ?? 0));
        try
        {
            _model = backend.Load(Network.Load(lesions.StateDict), new LoadOptions { CompactHeap = lungs.CompactHeap });
            _plan = _model.Plan(1, Network.InputSize, Network.InputSize);
            _lungs = LungSegmenter.Load(lungs with { Backend = backend, Threads = null });
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The lesion network.</summary>
    public Architecture Network { get; }

    /// <summary>The lesion network's weights.</summary>
    public string WeightsFile { get; }

    /// <summary>Loads both networks. Throws <see cref="EngineException"/> where weights are missing or do not fit.</summary>
    /// <param name="lesionWeights">Weights of the lesion network: a file, or a folder of <c>save_pretrained</c>.</param>
    /// <param name="lungs">How the lungs are found, on which device and in which mode; null for the defaults.</param>
    /// <param name="options">What the weights do not say of the lesion network, by the library's names.</param>
    /// <param name="part">Which of several copies in the weights.</param>
    public static LesionScorer Load(
        string lesionWeights, LungSegmenterOptions? lungs = null, IReadOnlyList<KeyValuePair<string, string>>? options = null,
        string? part = null)
    {
        ArgumentNullException.ThrowIfNull(lesionWeights);
        var opened = NetworkWeights.Open(null, lesionWeights, options, part);
        if (LesionNetworks.Has(opened.Network)) opened = opened.WithDefaults(LesionNetworks.Options(opened.Network));
        return new LesionScorer(opened, lungs ?? new LungSegmenterOptions());
    }

    /// <summary>Finds lungs and lesions in an image.</summary>
    public LesionResult Score(Radiograph image, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        LungSegmentation lungs = _lungs.Segment(image, cancellation);
        return _mode == SegmentationMode.Study ? AsTheStudy(lungs, cancellation) : Native(lungs, cancellation);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _lungs?.Dispose();
        _plan?.Dispose();
        _model?.Dispose();
        _ownBackend?.Dispose();
    }

    private LesionResult AsTheStudy(LungSegmentation lungs, CancellationToken cancellation)
    {
        int side = lungs.Method.NetworkSize;
        Radiograph image = lungs.Image;
        byte[] pixels = OpenCvResize.Linear(image.To8Bit(), image.Width, image.Height, image.Channels, side, side);
        byte[] bgr = new byte[3 * side * side];
        for (int i = 0; i < bgr.Length; i++) bgr[i] = image.Channels == 1 ? pixels[i / 3] : pixels[(i / 3 * 3) + 2 - (i % 3)];
        LungMask filtered = StudyCleanup.Apply(lungs.Probabilities.Threshold(_threshold));
        InputNormalisation values = Network.Normalisation;
        float[] input = StudyScoring.NetworkInput(bgr, filtered, Network.InputSize, values.Mean, values.Std);
        (ProbabilityMap lesions, float? label) = Run(input, cancellation);
        (LungMask stretched, LungMask covered) = StudyScoring.Masks(filtered, lesions);
        var canvas = Radiograph.FromPixels(pixels, side, side, image.Channels);
        LungMask onCanvas = OnImage(lesions, StudyScoring.Crop(filtered), filtered);
        return new LesionResult(lungs, canvas, filtered, onCanvas, label, StudyScoring.Score(stretched, covered));
    }

    private LesionResult Native(LungSegmentation lungs, CancellationToken cancellation)
    {
        Radiograph image = lungs.Image;
        LungMask mask = lungs.Mask;
        (LungMask right, LungMask left) = Sides(lungs);
        if (mask.Area == 0) return new LesionResult(lungs, image, mask, mask, null, LesionScore.Of(right, "right", left, "left", mask));
        PixelBox crop = StudyScoring.Crop(mask);
        (ProbabilityMap lesions, float? label) = Run(Input(image, mask, crop), cancellation);
        LungMask covered = OnImage(lesions, crop, mask);
        return new LesionResult(lungs, image, mask, covered, label, LesionScore.Of(right, "right", left, "left", covered));
    }

    // The label decides by rounding half to even whether there are lesions at all, as the study's code has it.
    private (ProbabilityMap Lesions, float? Label) Run(float[] input, CancellationToken cancellation)
    {
        int size = Network.InputSize;
        float[] output = new float[size * size];
        _plan.Execute(input, output, cancellation);
        float? label = _plan.Outputs.Count > 1 ? _plan.Outputs[1].ToArray()[0] : null;
        float factor = label is { } probability ? MathF.Round(probability, MidpointRounding.ToEven) : 1;
        return (new ProbabilityMap(size, size, Array.ConvertAll(output, value => value * factor)), label);
    }

    private float[] Input(Radiograph image, LungMask mask, PixelBox crop)
    {
        int size = Network.InputSize;
        float[] unit = image.ToUnitFloat(), plane = new float[crop.Width * crop.Height], input = new float[3 * size * size];
        for (int channel = 0; channel < 3; channel++)
        {
            int source = image.Channels == 1 ? 0 : Network.Normalisation.IsBgr ? 2 - channel : channel;
            for (int i = 0; i < plane.Length; i++)
            {
                int pixel = ((crop.Top + (i / crop.Width)) * image.Width) + crop.Left + (i % crop.Width);
                plane[i] = mask.Pixels[pixel] == 0 ? 0 : unit[(pixel * image.Channels) + source];
            }
            float mean = Network.Normalisation.Mean[channel], std = Network.Normalisation.Std[channel];
            float[] resized = BicubicResize.Resize(plane, crop.Width, crop.Height, size, size, antialias: true);
            for (int i = 0; i < resized.Length; i++) input[(channel * size * size) + i] = (resized[i] - mean) / std;
        }
        return input;
    }

    private static LungMask OnImage(ProbabilityMap lesions, PixelBox crop, LungMask lungs)
    {
        LungMask cut = lesions.Resize(crop.Width, crop.Height).Threshold(0.5f);
        byte[] pixels = new byte[lungs.Pixels.Length];
        for (int y = 0; y < crop.Height; y++)
        {
            int row = ((crop.Top + y) * lungs.Width) + crop.Left;
            for (int x = 0; x < crop.Width; x++) pixels[row + x] = (byte)(cut.Pixels[(y * crop.Width) + x] & lungs.Pixels[row + x]);
        }
        return new LungMask(lungs.Width, lungs.Height, pixels);
    }

    // A part that reaches over both halves is cut where its middle is.
    private static (LungMask Right, LungMask Left) Sides(LungSegmentation lungs)
    {
        SidedMask sided = lungs.Sided;
        bool leftIsOnTheRight = lungs.Image.PatientLeftIsOnTheRight ?? true;
        double middle = sided.Statistics.Of(LungSide.Both)?.CenterX ?? 0;
        byte[] right = new byte[sided.Sides.Length], left = new byte[sided.Sides.Length];
        for (int i = 0; i < sided.Sides.Length; i++)
        {
            if (sided.Sides[i] == 0) continue;
            LungSide side = SidedMask.SideOf(sided.Sides[i]);
            if (side == LungSide.Both) side = (i % sided.Width > middle) == leftIsOnTheRight ? LungSide.Left : LungSide.Right;
            (side == LungSide.Left ? left : right)[i] = 1;
        }
        return (new LungMask(sided.Width, sided.Height, right), new LungMask(sided.Width, sided.Height, left));
    }
}
