using System.Diagnostics;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Weights;
using LungSeg.Imaging;
using LungSeg.Imaging.Dicom;
using LungSeg.Models.Inputs;

namespace LungSeg.Models;

/// <summary>
/// Finds the lungs in frontal chest X-rays: image, preprocess, network, probabilities, postprocess, mask. Safe for several
/// threads: each takes one of the pool of <see cref="LungSegmenterOptions.Plans"/> for its turn at the network, waiting where all are
/// taken, and prepares and finishes its image beside the others. Results do not depend on the number of threads or plans. It may be
/// disposed while threads use it: what they have begun ends first, and their next calls throw <see cref="ObjectDisposedException"/>.
/// </summary>
public sealed class LungSegmenter : ILungSegmenter
{
    /// <summary>
    /// The name of the <see cref="ActivitySource"/> (activities <c>lungseg.load</c> and <c>lungseg.segment</c>) and of the meter (counter
    /// <c>lungseg.images</c>, histogram <c>lungseg.step.duration</c> in seconds) of all segmenters.
    /// </summary>
    public const string DiagnosticsName = Telemetry.Name;

    private const int MaxPlans = 1024;
    private readonly UseCount _uses;
    private readonly CpuBackend? _ownBackend;
    private readonly Model _model;
    private readonly PlanPool _plans;
    private readonly Postprocess _postprocess;
    private readonly IInputPreparation _preparation;
    private readonly bool _stretches;

    private LungSegmenter(NetworkWeights weights, LungSegmenterOptions options)
    {
        Network = weights.Network.WithProbabilities();
        WeightsFile = weights.File;
        NetworkSize = options.NetworkSize ?? Network.InputSize;
        if (Network.Options is not { InChannels: 1 or 3, Classes: 1, Activation: OutputActivation.Sigmoid })
        {
            throw new WeightException(
                $"{Network.Name} with {NetworkOptionNames.ToText(Network.Options)} segments no lungs: "
                + "expected one or three channels, one class and a sigmoid");
        }
        Network.CheckSize(new Shape(1, Network.Options.InChannels, NetworkSize, NetworkSize));
        _postprocess = new Postprocess(options.Mode, options.Threshold, Network.FindsLungs);
        _stretches = options.StretchContrast && options.Mode == SegmentationMode.Native;
        Graph graph = Network.Load(weights.StateDict);
        IBackend backend = options.Backend ?? (_ownBackend = new CpuBackend(options.Threads ?? (options.Plans > 1 ? 1 : 0)));
        try
        {
            Device = backend.Description;
            string mode = options.Mode == SegmentationMode.Study ? "study" : "native";
            string processor = weights.IsQuantized ? $"{backend.Processor}, {Precision.Int8.Name()}" : backend.Processor;
            Method = new SegmentationMethod(Network.Key, WeightsFile, NetworkSize, options.Threshold, mode, processor)
            {
                NetworkName = Network.Name,
                InputMean = Network.Normalisation.Mean,
                InputStd = Network.Normalisation.Std,
                InputSpace = Network.Normalisation.Space,
                WeightsSha256 = weights.Sha256,
            };
            _preparation = InputPreparation.For(backend, new Preprocess(Network, options.Mode, NetworkSize), _postprocess);
            _model = backend.Load(graph, new LoadOptions { CompactHeap = options.CompactHeap });
            if (options.MemoryLimit is { } limit) MemoryLimit.Check(_model, NetworkSize, options.Plans, limit);
            _plans = new PlanPool(options.Plans, () => _model.Plan(1, NetworkSize, NetworkSize));
        }
        catch
        {
            Free();
            throw;
        }
        _uses = new UseCount(typeof(LungSegmenter), Free);
    }

    /// <inheritdoc/>
    public Architecture Network { get; }

    /// <summary>Where the weights came from: the file's path, or "(stream)" or "(memory)".</summary>
    public string WeightsFile { get; }

    /// <inheritdoc/>
    public int NetworkSize { get; }

    /// <summary>What it runs on, for people.</summary>
    public string Device { get; }

    /// <inheritdoc/>
    public SegmentationMethod Method { get; }

    /// <summary>
    /// Loads a network: without options the one that comes with the program. Throws <see cref="EngineException"/> when there
    /// are no weights, or they do not fit, <see cref="ArgumentException"/> for options that cannot be.
    /// </summary>
    public static LungSegmenter Load(LungSegmenterOptions? options = null)
    {
        options ??= new LungSegmenterOptions();
        Check(options);
        using Activity? activity = Telemetry.Source.StartActivity("lungseg.load");
        var segmenter = new LungSegmenter(NetworkWeights.Open(options), options);
        activity?.SetTag("lungseg.network", segmenter.Network.Key).SetTag("lungseg.device", segmenter.Device);
        return segmenter;
    }

    /// <inheritdoc/>
    public LungSegmentation Segment(string path, DicomOptions? dicom = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Read(() => ImageReader.Read(path, Images(dicom)), cancellation);
    }

    /// <inheritdoc/>
    public LungSegmentation Segment(Stream stream, DicomOptions? dicom = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return Read(() => ImageReader.Read(stream, Images(dicom)), cancellation);
    }

    /// <inheritdoc/>
    public LungSegmentation Segment(ReadOnlySpan<byte> encoded, DicomOptions? dicom = null, CancellationToken cancellation = default)
    {
        byte[] file = encoded.ToArray();
        return Read(() => ImageReader.Decode(file, "(memory)", Images(dicom)), cancellation);
    }

    /// <inheritdoc/>
    public LungSegmentation Segment(Radiograph image, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        using UseCount.Use use = _uses.Enter();
        return SegmentOne(image, TimeSpan.Zero, cancellation);
    }

    /// <inheritdoc/>
    public SegmentationTimes Segment(Radiograph image, Span<byte> mask, Span<float> probabilities = default,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        (int width, int height) = _postprocess.MaskSize(image);
        if (mask.Length != width * height)
            throw new ArgumentException($"room for {width} x {height} pixels expected, {mask.Length} found", nameof(mask));
        (width, height) = _postprocess.CutSize(image, NetworkSize);
        if (probabilities.Length != 0 && probabilities.Length != width * height)
            throw new ArgumentException($"room for {width} x {height} probabilities, or none, expected, {probabilities.Length} found",
                nameof(probabilities));
        LungSegmentation result = Segment(image, cancellation);
        result.Mask.Pixels.CopyTo(mask);
        if (!probabilities.IsEmpty) result.Probabilities.Values.CopyTo(probabilities);
        return result.Times;
    }

    /// <inheritdoc/>
    public async Task<LungSegmentation> SegmentAsync(string path, DicomOptions? dicom = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(path);
        using UseCount.Use use = _uses.Enter();
        long start = Stopwatch.GetTimestamp();
        Radiograph image = await ImageReader.ReadAsync(path, Images(dicom), cancellation).ConfigureAwait(false);
        return await SegmentOneAsync(image, Stopwatch.GetElapsedTime(start), cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<LungSegmentation> SegmentAsync(Stream stream, DicomOptions? dicom = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using UseCount.Use use = _uses.Enter();
        long start = Stopwatch.GetTimestamp();
        Radiograph image = await ImageReader.ReadAsync(stream, Images(dicom), cancellation).ConfigureAwait(false);
        return await SegmentOneAsync(image, Stopwatch.GetElapsedTime(start), cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<LungSegmentation> SegmentAsync(Radiograph image, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        using UseCount.Use use = _uses.Enter();
        return await SegmentOneAsync(image, TimeSpan.Zero, cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// A result with the probabilities of the mirror image beside its own, which tells where the network is less sure than it says. Takes
    /// as long as segmenting the image did; the mask stays as it is.
    /// </summary>
    public LungSegmentation WithMirror(LungSegmentation result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return result with { MirrorProbabilities = Segment(result.Image.Mirrored()).Probabilities.Mirrored() };
    }

    /// <summary>The mask that one of this segmenter's results would have with another threshold, cleaned as its own was.</summary>
    public LungMask MaskAt(LungSegmentation result, float threshold)
    {
        ArgumentNullException.ThrowIfNull(result);
        return _postprocess.Clean(result.Probabilities.Threshold(threshold));
    }

    /// <summary>Frees the network, and the backend if it was not the caller's, once no call uses them.</summary>
    public void Dispose() => _uses.Close();

    // What is no image, such as a segmentation, has no lungs to find.
    private static DicomOptions Images(DicomOptions? dicom) => (dicom ?? new DicomOptions()) with { ImagesOnly = true };

    private static void Check(LungSegmenterOptions options)
    {
        if (options.Threshold is not (>= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(options), $"a threshold from 0 to 1 expected, {options.Threshold} found");
        if (options.Plans is < 1 or > MaxPlans)
            throw new ArgumentOutOfRangeException(nameof(options), $"1 to {MaxPlans} plans expected, {options.Plans} found");
        if (!Enum.IsDefined(options.Mode))
            throw new ArgumentOutOfRangeException(nameof(options), $"a known mode expected, {options.Mode} found");
        if (options.Precision is not (Precision.Float32 or Precision.Int8))
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), $"Float32 or Int8 expected, {options.Precision} found: a GPU's precision is its backend's");
        }
        if (options.Threads is < 1 or > CpuBackend.MaxThreads)
            throw new ArgumentOutOfRangeException(nameof(options),
                $"1 to {CpuBackend.MaxThreads} threads expected, {options.Threads} found");
        if (options.Threads is not null && options.Backend is not null)
            throw new ArgumentException("threads are the backend's own: set them there, or give no backend", nameof(options));
        if (options.MemoryLimit is < 1)
            throw new ArgumentOutOfRangeException(nameof(options),
                $"a memory limit of 1 byte or more expected, {options.MemoryLimit} found");
    }

    // Also of a segmenter whose constructor failed.
    private void Free()
    {
        _plans?.Dispose();
        _model?.Dispose();
        _ownBackend?.Dispose();
    }

    private LungSegmentation Read(Func<Radiograph> read, CancellationToken cancellation)
    {
        using UseCount.Use use = _uses.Enter();
        cancellation.ThrowIfCancellationRequested();
        long start = Stopwatch.GetTimestamp();
        Radiograph image = read();
        return SegmentOne(image, Stopwatch.GetElapsedTime(start), cancellation);
    }

    private LungSegmentation SegmentOne(Radiograph image, TimeSpan read, CancellationToken cancellation)
    {
        using var work = new Work(this, image, read);
        try
        {
            Plan plan = _plans.Take(cancellation);
            return work.Finish(plan, cancellation);
        }
        catch (Exception e)
        {
            work.Fail(e);
            throw;
        }
    }

    private async Task<LungSegmentation> SegmentOneAsync(Radiograph image, TimeSpan read, CancellationToken cancellation)
    {
        using var work = new Work(this, image, read);
        try
        {
            Plan plan = await _plans.TakeAsync(cancellation).ConfigureAwait(false);
            return work.Finish(plan, cancellation);
        }
        catch (Exception e)
        {
            work.Fail(e);
            throw;
        }
    }

    /// <summary>An image on its way: prepared when it is made, and finished on a plan.</summary>
    private sealed class Work : IDisposable
    {
        private readonly LungSegmenter _segmenter;
        private readonly Radiograph _image;
        private readonly TimeSpan _read;
        private readonly TimeSpan _preprocess;
        private readonly ContrastStretch? _stretch;
        private readonly IPreparedImage _prepared;
        private readonly Activity? _activity;

        public Work(LungSegmenter segmenter, Radiograph image, TimeSpan read)
        {
            (_segmenter, _image, _read) = (segmenter, image, read);
            _activity = Telemetry.Source.StartActivity("lungseg.segment")?.SetTag("lungseg.network", segmenter.Network.Key);
            long start = Stopwatch.GetTimestamp();
            _stretch = segmenter._stretches ? ContrastStretch.Of(image) : null;
            _prepared = segmenter._preparation.Prepare(_stretch?.Apply(image) ?? image);
            _preprocess = Stopwatch.GetElapsedTime(start);
        }

        /// <summary>Runs the plan, which is the next one's after that, and finishes mask and probabilities.</summary>
        public LungSegmentation Finish(Plan plan, CancellationToken cancellation)
        {
            int side = _segmenter.NetworkSize;
            float[] output = new float[side * side];
            long start = Stopwatch.GetTimestamp();
            try
            {
                _prepared.Run(plan, output, cancellation);
            }
            finally
            {
                _segmenter._plans.Return(plan);
            }
            TimeSpan network = Stopwatch.GetElapsedTime(start);
            start = Stopwatch.GetTimestamp();
            (ProbabilityMap probabilities, LungMask cut) = _prepared.Cut(new ProbabilityMap(side, side, output));
            LungMask mask = _segmenter._postprocess.Clean(cut);
            var times = new SegmentationTimes(_read, _preprocess, network, Stopwatch.GetElapsedTime(start));
            Telemetry.Done(_segmenter.Network.Key, times);
            return new LungSegmentation
            {
                Image = _image,
                Mask = mask,
                Probabilities = probabilities,
                Method = _segmenter.Method with { Contrast = _stretch },
                Times = times,
            };
        }

        public void Fail(Exception error) => Telemetry.Failed(_segmenter.Network.Key, error, _activity);

        public void Dispose() => _activity?.Dispose();
    }
}
