using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Weights;
using LungSeg.Imaging;
using LungSeg.Imaging.Classes;

namespace LungSeg.Models;

/// <summary>
/// Finds the classes that a network of several tells. With a softmax each pixel gets its most probable class, the first of which is
/// background; with a sigmoid the most probable of those above the threshold, if any. One image at a time.
/// </summary>
public sealed class ClassSegmenter : IDisposable
{
    private readonly CpuBackend? _ownBackend;
    private readonly Model _model;
    private readonly Plan _plan;
    private readonly Preprocess _preprocess;
    private readonly float _threshold;
    private readonly SegmentationMethod _method;

    private ClassSegmenter(NetworkWeights weights, LungSegmenterOptions options, IReadOnlyList<ImageClass>? classes)
    {
        Network = weights.Network.WithProbabilities();
        if (Network.Options is not { InChannels: 1 or 3, Classes: > 1 })
            throw new WeightException($"{Network.Name} with {NetworkOptionNames.ToText(Network.Options)} has not several classes");
        Classes = classes ?? Named(Network);
        if (Classes.Count != Labels)
        {
            throw new WeightException($"{Network.Name} has {Labels} classes{(HasBackground ? " beside the background" : "")}, "
                + $"{Classes.Count} were named: {string.Join(", ", Classes.Select(known => known.Name))}");
        }
        int size = options.NetworkSize ?? Network.InputSize;
        Network.CheckSize(new Shape(1, Network.Options.InChannels, size, size));
        _threshold = options.Threshold;
        IBackend backend = options.Backend ?? (_ownBackend = new CpuBackend(options.Threads ?? 0));
        try
        {
            _model = backend.Load(Network.Load(weights.StateDict), new LoadOptions { CompactHeap = options.CompactHeap });
            _plan = _model.Plan(1, size, size);
        }
        catch
        {
            Dispose();
            throw;
        }
        _preprocess = new Preprocess(Network, SegmentationMode.Native, size);
        _method = new SegmentationMethod(Network.Key, weights.File, size, _threshold, "native", backend.Processor)
        {
            NetworkName = Network.Name,
            InputMean = Network.Normalisation.Mean,
            InputStd = Network.Normalisation.Std,
            InputSpace = Network.Normalisation.Space,
            WeightsSha256 = weights.Sha256,
        };
    }

    /// <summary>The network.</summary>
    public Architecture Network { get; }

    /// <summary>The classes from label 1 on.</summary>
    public IReadOnlyList<ImageClass> Classes { get; }

    private bool HasBackground => Network.Options.Activation == OutputActivation.Softmax;

    private int Labels => Network.Options.Classes - (HasBackground ? 1 : 0);

    /// <summary>
    /// Loads a network. Throws <see cref="EngineException"/> where weights are missing, do not fit, or have one class alone.
    /// </summary>
    /// <param name="options">The weights, the device, the size and the threshold.</param>
    /// <param name="classes">Names and colours of the classes from label 1 on; null for what the weights say, or numbers.</param>
    public static ClassSegmenter Load(LungSegmenterOptions options, IReadOnlyList<ImageClass>? classes = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        foreach (ImageClass known in classes ?? []) ArgumentNullException.ThrowIfNull(known, nameof(classes));
        return new ClassSegmenter(NetworkWeights.Open(options), options, classes);
    }

    /// <summary>Finds the classes in an image.</summary>
    public ClassMap Segment(Radiograph image, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        int size = _method.NetworkSize, plane = size * size;
        float[] output = new float[Network.Options.Classes * plane];
        _plan.Execute(_preprocess.Apply(image), output, cancellation);
        byte[] labels = new byte[image.Width * image.Height];
        float[] best = new float[labels.Length];
        Array.Fill(best, HasBackground ? float.NegativeInfinity : _threshold);
        for (int channel = 0; channel < Network.Options.Classes; channel++)
        {
            byte label = (byte)(HasBackground ? channel : channel + 1);
            float[] values = BilinearResize.Resize(output.AsSpan(channel * plane, plane), size, size, 1, image.Width, image.Height);
            for (int i = 0; i < labels.Length; i++)
            {
                if (values[i] > best[i]) (best[i], labels[i]) = (values[i], label);
            }
        }
        return new ClassMap(image, labels, Classes, _method);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _plan?.Dispose();
        _model?.Dispose();
        _ownBackend?.Dispose();
    }

    // The names that come with the weights have the background's first where there is one.
    private ImageClass[] Named(Architecture network)
    {
        string[] names = [.. network.ClassNames.Skip(HasBackground ? 1 : 0)];
        return [.. Enumerable.Range(1, Labels).Select(number =>
            ImageClass.Of(names.Length >= number ? names[number - 1] : $"class {number}", number - 1))];
    }
}
