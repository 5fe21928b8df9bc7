using System.Collections.Concurrent;
using System.Diagnostics;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Weights;
using LungSeg.Imaging;
using LungSeg.Imaging.Dicom;

namespace LungSeg.Models;

/// <summary>
/// Finds the lungs in frontal chest X-rays: picture, preprocess, network, probabilities, postprocess, mask. Safe for several
/// threads: each takes one of the pool of <see cref="LungSegmenterOptions.Plans"/> for its turn at the network, waiting where all are
/// taken, and prepares and finishes its picture beside the others. Results do not depend on the number of threads or plans.
/// </summary>
public sealed class LungSegmenter : IDisposable
{
    private readonly CpuBackend? _ownBackend;
    private readonly Model _model;
    private readonly Plan[] _plans;
    private readonly Preprocess _preprocess;
    private readonly Postprocess _postprocess;
    private readonly BlockingCollection<Plan> _idle;
    private readonly bool _stretches;

    private LungSegmenter(NetworkWeights weights, LungSegmenterOptions options)
    {
        Network = weights.Network;
        WeightsFile = weights.File;
        NetworkSize = options.NetworkSize ?? Network.InputSize;
        if (Network.Options is not { InChannels: 3, Classes: 1, Activation: OutputActivation.Sigmoid })
        {
            throw new WeightException(
                $"{Network.Name} with {NetworkOptionNames.ToText(Network.Options)} segments no lungs: expected three channels, one class and a sigmoid");
        }
        Network.CheckSize(new Shape(1, 3, NetworkSize, NetworkSize));
        _preprocess = new Preprocess(Network, options.Compat, NetworkSize);
        _postprocess = new Postprocess(options.Compat, options.Threshold);
        _stretches = options.StretchContrast && options.Compat == Compat.Fixed;
        Graph graph = Network.Load(weights.StateDict);
        IBackend backend = options.Backend ?? (_ownBackend = new CpuBackend(threads: options.Plans > 1 ? 1 : 0));
        try
        {
            Device = backend.Description;
            string compat = options.Compat == Compat.Upstream ? "upstream" : "fixed";
            Method = new SegmentationMethod(Network.Key, WeightsFile, NetworkSize, options.Threshold, compat, backend.Processor)
            {
                NetworkName = Network.Name,
                WeightsSha256 = new Lazy<string>(() => WeightsHash.OfFile(WeightsFile)),
            };
            _model = backend.Load(graph);
            _plans = new Plan[options.Plans];
            for (int i = 0; i < _plans.Length; i++) _plans[i] = _model.Plan(1, NetworkSize, NetworkSize);
            _idle = new BlockingCollection<Plan>(new ConcurrentStack<Plan>(_plans));
        }
        catch
        {
            foreach (Plan? plan in _plans ?? []) plan?.Dispose();
            _model?.Dispose();
            _ownBackend?.Dispose();
            throw;
        }
    }

    /// <summary>The network that runs.</summary>
    public Architecture Network { get; }

    /// <summary>Where its weights came from.</summary>
    public string WeightsFile { get; }

    /// <summary>The height and width that pictures are resized to.</summary>
    public int NetworkSize { get; }

    /// <summary>What it runs on, for people.</summary>
    public string Device { get; }

    /// <summary>Network and settings as results carry them.</summary>
    public SegmentationMethod Method { get; }

    /// <summary>
    /// Loads a network: without options the one that comes with the program. Throws <see cref="EngineException"/> when there
    /// are no weights, or they do not fit.
    /// </summary>
    public static LungSegmenter Load(LungSegmenterOptions? options = null)
    {
        options ??= new LungSegmenterOptions();
        if (options.Threshold is not (>= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(options), $"a threshold from 0 to 1 expected, {options.Threshold} found");
        if (options.Plans < 1)
            throw new ArgumentOutOfRangeException(nameof(options), $"at least one plan expected, {options.Plans} found");
        return new LungSegmenter(NetworkWeights.Open(options.Network, options.WeightsFile), options);
    }

    /// <summary>Reads a picture, a DICOM file by the options, and segments it; throws <see cref="ImageException"/> when it cannot be read.</summary>
    public LungSegmentation Segment(string path, DicomOptions? dicom = null)
    {
        long start = Stopwatch.GetTimestamp();
        Radiograph picture = ImageReader.Read(path, (dicom ?? new DicomOptions()) with { ImagesOnly = true });
        TimeSpan read = Stopwatch.GetElapsedTime(start);
        LungSegmentation result = Segment(picture);
        return result with { Times = result.Times with { Read = read } };
    }

    /// <summary>Segments a picture.</summary>
    public LungSegmentation Segment(Radiograph picture) =>
        _plans[0] is IPicturePlan device ? SegmentOn(device, picture) : SegmentHere(picture);

    /// <summary>
    /// A result with the probabilities of the mirror image beside its own, which tells where the network is less sure than it says. Takes as long as
    /// segmenting the image did; the mask stays as it is.
    /// </summary>
    public LungSegmentation WithMirror(LungSegmentation result) =>
        result with { MirrorProbabilities = Segment(result.Picture.Mirrored()).Probabilities.Mirrored() };

    /// <summary>The mask that one of this segmenter's results would have with another threshold, cleaned as its own was.</summary>
    public LungMask MaskAt(LungSegmentation result, float threshold) => _postprocess.Clean(result.Probabilities.Threshold(threshold));

    /// <summary>Frees the network, and the backend if it was not the caller's.</summary>
    public void Dispose()
    {
        _idle.Dispose();
        foreach (Plan plan in _plans) plan.Dispose();
        _model.Dispose();
        _ownBackend?.Dispose();
    }

    private LungSegmentation SegmentHere(Radiograph picture)
    {
        long start = Stopwatch.GetTimestamp();
        ContrastStretch? stretch = Stretch(picture);
        float[] input = _preprocess.Apply(stretch?.Apply(picture) ?? picture);
        TimeSpan preprocess = Stopwatch.GetElapsedTime(start);
        (ProbabilityMap output, TimeSpan network) = Run(plan =>
        {
            plan.Input.CopyFrom(input);
            plan.Execute();
        });
        long computed = Stopwatch.GetTimestamp();
        (ProbabilityMap probabilities, LungMask mask) = _postprocess.Apply(output, picture);
        return Result(picture, stretch, probabilities, mask, preprocess, network, computed);
    }

    // The plan resizes the picture and cuts the mask itself; the probabilities are brought to the picture's size if somebody reads them.
    private LungSegmentation SegmentOn(IPicturePlan device, Radiograph picture)
    {
        long start = Stopwatch.GetTimestamp();
        ContrastStretch? stretch = Stretch(picture);
        PictureInput input = _preprocess.Describe(stretch?.Apply(picture) ?? picture);
        TimeSpan preprocess = Stopwatch.GetElapsedTime(start);
        (int width, int height) = _postprocess.CutSize(picture, NetworkSize);
        byte[] cut = new byte[width * height];
        (ProbabilityMap output, TimeSpan network) = Run(plan => ((IPicturePlan)plan).Execute(input, _postprocess.Threshold, width, height, cut));
        long computed = Stopwatch.GetTimestamp();
        LungMask mask = _postprocess.Clean(new LungMask(width, height, cut));
        return Result(picture, stretch, _postprocess.AtCut(output, picture), mask, preprocess, network, computed);
    }

    private ContrastStretch? Stretch(Radiograph picture) => _stretches ? ContrastStretch.Of(picture) : null;

    private (ProbabilityMap Output, TimeSpan Time) Run(Action<Plan> network)
    {
        Plan plan = _idle.Take();
        try
        {
            long start = Stopwatch.GetTimestamp();
            network(plan);
            var output = new ProbabilityMap(NetworkSize, NetworkSize, plan.Output.ToArray());
            return (output, Stopwatch.GetElapsedTime(start));
        }
        finally
        {
            _idle.Add(plan);
        }
    }

    private LungSegmentation Result(
        Radiograph picture, ContrastStretch? stretch, ProbabilityMap probabilities, LungMask mask, TimeSpan preprocess, TimeSpan network, long computed) => new()
        {
            Picture = picture,
            Mask = mask,
            Probabilities = probabilities,
            Method = Method with { Contrast = stretch },
            Times = new SegmentationTimes(TimeSpan.Zero, preprocess, network, Stopwatch.GetElapsedTime(computed)),
        };
}
