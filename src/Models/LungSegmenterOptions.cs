using LungSeg.Engine;
using LungSeg.Imaging;

namespace LungSeg.Models;

/// <summary>How a <see cref="LungSegmenter"/> is set up; everything has a default.</summary>
public sealed record LungSegmenterOptions
{
    /// <summary>The network's key, such as <c>deeplabv3plus</c>; null for what the weights are of, or the default network.</summary>
    public string? Network { get; set; }

    /// <summary>
    /// A weights file (safetensors, or a PyTorch checkpoint); null for the network's file in the weights folder. Of this,
    /// <see cref="WeightsStream"/> and <see cref="WeightsMemory"/> one at most is set.
    /// </summary>
    public string? WeightsFile { get; set; }

    /// <summary>
    /// What a checkpoint that is none of the nine networks' cannot say of its network, by the names of the library's constructors, such as
    /// <c>encoder_output_stride</c>, and of its input: <c>mean</c>, <c>std</c>, <c>input_range</c>, <c>input_space</c>, <c>input_size</c>.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>> NetworkOptions { get; set; } = [];

    /// <summary>
    /// Which of several copies of a network in the weights file: what stands before its keys, such as <c>ema</c>; null for the only one.
    /// </summary>
    public string? WeightsPart { get; set; }

    /// <summary>A weights file as a stream, read from where it stands to its end while the segmenter loads, and left open.</summary>
    public Stream? WeightsStream { get; set; }

    /// <summary>A weights file in memory, which must not change while the segmenter loads.</summary>
    public ReadOnlyMemory<byte>? WeightsMemory { get; set; }

    /// <summary>
    /// Where the network runs, left to the caller to dispose; null for the CPU with <see cref="Threads"/>.
    /// </summary>
    public IBackend? Backend { get; set; }

    /// <summary>
    /// <see cref="Precision.Int8"/> for a quantised network, which the CPU computes in integers: of the weights folder the network's file
    /// of quantised weights is taken, and other weights are refused. A file of quantised weights is computed in integers in any case.
    /// The precisions of a GPU are its <see cref="Backend"/>'s.
    /// </summary>
    public Precision Precision { get; set; } = Precision.Float32;

    /// <summary>
    /// Threads that compute one image together, from 1 to 256, the caller's own included; null for all processors where there is one plan,
    /// and one thread for each of several. With <see cref="Backend"/> it must be null: that has threads of its own.
    /// </summary>
    public int? Threads { get; set; }

    /// <summary>
    /// The most bytes that weights and working memory may take; null for no limit. What takes more is refused before it is loaded, with a
    /// <see cref="DeviceException"/> that names the least that would do. For the CPU alone.
    /// </summary>
    public long? MemoryLimit { get; set; }

    /// <summary>A pixel is lung if its probability is over this; from 0 to 1.</summary>
    public float Threshold { get; set; } = 0.5f;

    /// <summary>How images are prepared and masks finished.</summary>
    public SegmentationMode Mode { get; set; } = SegmentationMode.Native;

    /// <summary>
    /// Whether an image that uses less than a tenth of its range is stretched before the network sees it (<see cref="ContrastStretch"/>).
    /// The study's own steps never stretch.
    /// </summary>
    public bool StretchContrast { get; set; } = true;

    /// <summary>
    /// The height and width in pixels that images are resized to, a multiple of 32; null for what the network was trained at.
    /// </summary>
    public int? NetworkSize { get; set; }

    /// <summary>
    /// The size of the pool of plans, from 1 to 1024: how many images may be at the network at a time, each in working memory of its own
    /// (the weights are shared). Threads that call <c>Segment</c> on a backend of one thread run side by side, which gives more images a
    /// second than all processors on one image after another.
    /// </summary>
    public int Plans { get; set; } = 1;

    /// <summary>Whether loading collects garbage and compacts the heap as it goes, as <see cref="LoadOptions.CompactHeap"/> says.</summary>
    public bool CompactHeap { get; set; }
}
