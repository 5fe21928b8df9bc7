using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Attention;
using LungSeg.Kernels.Compiler;
using LungSeg.Kernels.Convolution;
using LungSeg.Kernels.Elementwise;
using LungSeg.Kernels.Image;
using LungSeg.Kernels.Normalisation;
using LungSeg.Kernels.Pooling;
using LungSeg.Kernels.Ptx;
using LungSeg.Kernels.Resampling;

namespace LungSeg.Kernels;

/// <summary>All kernels of the product.</summary>
internal static class Catalogue
{
    public static IReadOnlyList<KernelSource> Kernels { get; } =
    [
        Simt<Simt128x128>(blocks: 2),
        Simt<Simt128x64>(blocks: 4),
        Simt<Simt64x64>(blocks: 5),
        Simt<Simt64x32>(blocks: 10),
        .. Mma<Mma128x128>(blocks: 2),
        .. Mma<Mma128x64>(blocks: 3),
        .. Mma<Mma128x32>(blocks: 4),
        .. Mma<Mma64x64>(blocks: 4),
        .. Mma<Mma64x32>(blocks: 8),
        Wgmma<Wgmma128x128, Fenced>(blocks: 2),
        Wgmma<Wgmma128x64, Fenced>(blocks: 2),
        Wgmma<Wgmma64x128, Fenced>(blocks: 2),
        Wgmma<Wgmma64x64, Fenced>(blocks: 3),
        // Chosen only where a card has been measured and they were quicker, and right.
        Wgmma<Wgmma128x128Deep, Fenced>(blocks: 1, "deep"),
        Wgmma<Wgmma128x128, Unfenced>(blocks: 2, "unfenced"),
        Wgmma<Wgmma128x64, Unfenced>(blocks: 2, "unfenced"),
        Wgmma<Wgmma64x128, Unfenced>(blocks: 2, "unfenced"),
        Wgmma<Wgmma64x64, Unfenced>(blocks: 3, "unfenced"),
        .. Maps<ConvReduceParameters>(KernelFamily.ConvReduce, ConvReduce.Run<F32>, ConvReduce.Run<F16>).With(blocks: 4),
        .. Maps<DirectConvParameters>(KernelFamily.ConvDirect, DirectConv.Run<F32>, DirectConv.Run<F16>),
        .. Maps<PlanarConvParameters>(KernelFamily.ConvPlanar, PlanarConv.Run<F32>, PlanarConv.Run<F16>).With(info => info with
        {
            Threads = PlanarConv.Threads,
            SharedBytes = PlanarConv.SharedBytes,
            TileM = PlanarConv.Threads / 32,
            TileN = PlanarConv.TilePixels,
        }),
        .. Maps<HeadConvParameters>(KernelFamily.ConvHead, HeadConv.Run<F32>, HeadConv.Run<F16>).With(blocks: 4),
        .. Maps<DepthwiseParameters>(KernelFamily.Depthwise, DepthwiseConv.Any<F32>, DepthwiseConv.Any<F16>),
        .. Maps<DepthwiseParameters>(KernelFamily.Depthwise3x3, DepthwiseConv.Three<F32>, DepthwiseConv.Three<F16>)
            .With(info => info with { Threads = 128 }),
        .. Maps<DepthwiseParameters>(KernelFamily.Depthwise5x5, DepthwiseConv.Five<F32>, DepthwiseConv.Five<F16>)
            .With(info => info with { Threads = 128 }),
        .. Maps<LinearParameters>(KernelFamily.Linear, Linear.Run<F32>, Linear.Run<F16>),

        .. Maps<PixelParameters>(KernelFamily.ScaleShift, ScaleShift.Run<F32>, ScaleShift.Run<F16>, ScaleShift.Run<Single<F32>>,
            ScaleShift.Run<Single<F16>>),
        .. Maps<PixelParameters>(KernelFamily.CopyChannels, CopyChannels.Run<F32>, CopyChannels.Run<F16>, CopyChannels.Run<Single<F32>>,
            CopyChannels.Run<Single<F16>>),
        .. Maps<BinaryParameters>(KernelFamily.Add, Binary.Add<F32>, Binary.Add<F16>, Binary.Add<Single<F32>>, Binary.Add<Single<F16>>),
        .. Maps<BinaryParameters>(KernelFamily.Multiply, Binary.Multiply<F32>, Binary.Multiply<F16>, Binary.Multiply<Single<F32>>,
            Binary.Multiply<Single<F16>>),
        .. Maps<SoftmaxParameters>(KernelFamily.Softmax, Softmax.Run<F32>, Softmax.Run<F16>),
        .. Maps<PlanarParameters>(KernelFamily.FromPlanar, Planar.ToMap<F32>, Planar.ToMap<F16>),
        .. Maps<PlanarParameters>(KernelFamily.ToPlanar, Planar.FromMap<F32>, Planar.FromMap<F16>),

        .. Maps<ResampleParameters>(KernelFamily.MaxPool, MaxPool.Run<F32>, MaxPool.Run<F16>, MaxPool.Run<Single<F32>>,
            MaxPool.Run<Single<F16>>),
        .. Maps<WindowPoolParameters>(
            KernelFamily.AveragePool,
            WindowPool.Average<F32>, WindowPool.Average<F16>, WindowPool.Average<Single<F32>>, WindowPool.Average<Single<F16>>),
        .. Maps<ResampleParameters>(
            KernelFamily.UpsampleNearest, UpsampleNearest.Run<F32>, UpsampleNearest.Run<F16>, UpsampleNearest.Run<Single<F32>>,
            UpsampleNearest.Run<Single<F16>>),
        .. Maps<ResampleParameters>(
            KernelFamily.UpsampleBilinear, UpsampleBilinear.Run<F32>, UpsampleBilinear.Run<F16>, UpsampleBilinear.Run<Single<F32>>,
            UpsampleBilinear.Run<Single<F16>>),

        .. Reductions<PoolParameters>(KernelFamily.PoolSums, AveragePool.Sums<F32>, AveragePool.Sums<F16>, AveragePool.Sums<Single<F32>>,
            AveragePool.Sums<Single<F16>>),
        .. Maps<PoolParameters>(KernelFamily.PoolMean, AveragePool.Mean<F32>, AveragePool.Mean<F16>, AveragePool.Mean<Single<F32>>,
            AveragePool.Mean<Single<F16>>),
        .. Maps<SqueezeExciteParameters>(KernelFamily.SqueezeExcite, SqueezeExcite.Run<F32>, SqueezeExcite.Run<F16>).With(info => info with
        {
            Threads = SqueezeExcite.Threads,
            SharedBytes = SqueezeExcite.SharedBytes,
        }),
        .. Reductions<GroupNormParameters>(
            KernelFamily.GroupNormMoments, GroupNorm.Moments<F32>, GroupNorm.Moments<F16>, GroupNorm.Moments<Single<F32>>,
            GroupNorm.Moments<Single<F16>>),
        KernelSource.Of<GroupNormParameters>(Info(KernelFamily.GroupNormScale) with { Threads = 32 }, GroupNorm.Scale),
        .. Maps<ChannelNormParameters>(KernelFamily.ChannelNorm, ChannelNorm.Run<F32>, ChannelNorm.Run<F16>),

        .. Maps<AttentionParameters>(
            KernelFamily.AttentionScores, AttentionScores.Run<F32>, AttentionScores.Run<F16>, AttentionScores.Run<Single<F32>>,
            AttentionScores.Run<Single<F16>>)
            .With(blocks: 8, change: info => info with
            {
                Threads = AttentionScores.Threads,
                SharedBytes = AttentionScores.SharedBytes,
                TileM = AttentionScores.Tile,
                TileN = AttentionScores.Tile,
                TileK = 8,
            }),
        KernelSource.Of<AttentionParameters>(
            Info(KernelFamily.AttentionExponentials) with { Threads = AttentionExponentials.Threads,
                SharedBytes = AttentionExponentials.SharedBytes },
            AttentionExponentials.Run),
        .. Maps<AttentionParameters>(
            KernelFamily.AttentionProduct, AttentionProduct.Run<F32>, AttentionProduct.Run<F16>, AttentionProduct.Run<Single<F32>>,
            AttentionProduct.Run<Single<F16>>)
            .With(blocks: 8, change: info => info with
            {
                Threads = AttentionProduct.Threads,
                SharedBytes = AttentionProduct.SharedBytes,
                TileM = AttentionProduct.Tile,
                TileN = AttentionProduct.Tile,
                TileK = 8,
            }),

        KernelSource.Of<PreprocessParameters>(Info(KernelFamily.Preprocess, "u8"), Preprocess.Bytes),
        KernelSource.Of<PreprocessParameters>(Info(KernelFamily.Preprocess, "u16"), Preprocess.Words),
        KernelSource.Of<PostprocessParameters>(Info(KernelFamily.Postprocess), Postprocess.Run),
    ];

    private static KernelInfo Info(string family, string variant = "") =>
        new() { Name = KernelInfo.NameOf(family, variant), Family = family };

    /// <summary>One kernel for each storage, and where it is asked for, for maps of one channel.</summary>
    private static IEnumerable<KernelSource> Maps<P>(string family, Action<P> f32, Action<P> f16, Action<P>? oneF32 = null,
        Action<P>? oneF16 = null)
        where P : unmanaged
    {
        yield return Of(KernelNumbers.Float32, single: false, f32);
        yield return Of(KernelNumbers.Float16, single: false, f16);
        if (oneF32 is not null) yield return Of(KernelNumbers.Float32, single: true, oneF32);
        if (oneF16 is not null) yield return Of(KernelNumbers.Float16, single: true, oneF16);

        KernelSource Of(string storage, bool single, Action<P> kernel) => KernelSource.Of(
            new KernelInfo
            {
                Name = KernelInfo.NameOf(family, storage, single),
                Family = family,
                Storage = storage,
                Width = single ? 1 : 8,
                Target = (storage == KernelNumbers.Float16 ? Target.Ampere : Target.Portable).Name,
            },
            kernel);
    }

    private static IEnumerable<KernelSource> Reductions<P>(string family, Action<P> f32, Action<P> f16, Action<P> oneF32, Action<P> oneF16)
        where P : unmanaged =>
        Maps(family, f32, f16, oneF32, oneF16)
            .With(info => info with { Threads = ChannelReduction.Threads, SharedBytes = ChannelReduction.SharedBytes });

    private static IEnumerable<KernelSource> With(this IEnumerable<KernelSource> kernels, Func<KernelInfo, KernelInfo>? change = null,
        int blocks = 0) =>
        kernels.Select(kernel => kernel with
        {
            Info = change is null ? kernel.Info : change(kernel.Info),
            BlocksPerMultiprocessor = blocks
        });

    private static KernelSource Simt<T>(int blocks) where T : struct, ISimtTile => KernelSource.Of<ConvParameters>(
        Info(KernelFamily.ConvSimt, $"{KernelNumbers.Float32}_{default(T).M}x{default(T).N}") with
        {
            Storage = KernelNumbers.Float32,
            Threads = SimtConv.Threads<T>(),
            SharedBytes = SimtConv.SharedBytes<T>(),
            TileM = default(T).M,
            TileN = default(T).N,
            TileK = SimtConv.K,
        },
        SimtConv.Run<T>, blocks);

    private static IEnumerable<KernelSource> Mma<T>(int blocks) where T : struct, IMmaTile =>
    [
        Mma<T, F16>(KernelNumbers.Float16, blocks, MmaConv.Run<T, F16, HalfMath, NoGate>, gate: false),
        Mma<T, F16>(KernelNumbers.Float16, blocks, MmaConv.Run<T, F16, HalfMath, Gated>, gate: true),
        Mma<T, F32>(KernelNumbers.TensorFloat32, blocks, MmaConv.Run<T, F32, Tf32Math, NoGate>, gate: false),
        Mma<T, F32>(KernelNumbers.TensorFloat32, blocks, MmaConv.Run<T, F32, Tf32Math, Gated>, gate: true),
    ];

    private static KernelSource Mma<T, TStorage>(string precision, int blocks, Action<ConvParameters> kernel, bool gate)
        where T : struct, IMmaTile where TStorage : struct, IStorage => KernelSource.Of(
        Info(KernelFamily.ConvMma, $"{precision}_{default(T).M}x{default(T).N}{(gate ? "_gate" : "")}") with
        {
            Precision = precision,
            Storage = default(TStorage).Size == 2 ? KernelNumbers.Float16 : KernelNumbers.Float32,
            Target = Target.Ampere.Name,
            Threads = default(T).Threads,
            SharedBytes = MmaConv.SharedBytes<T>(),
            TileM = default(T).M,
            TileN = default(T).N,
            TileK = default(T).RowBytes / default(TStorage).Size,
            Gate = gate,
        },
        kernel, blocks);

    private static KernelSource Wgmma<T, TFence>(int blocks, string variant = "") where T : struct, IWgmmaTile where TFence : struct,
        IProxyFence => KernelSource.Of<ConvParameters>(
        Info(KernelFamily.ConvWgmma,
            $"{KernelNumbers.Float16}_{default(T).M}x{default(T).N}{(variant.Length == 0 ? "" : $"_{variant}")}") with
        {
            Storage = KernelNumbers.Float16,
            Target = Target.Hopper.Name,
            Threads = default(T).Threads,
            SharedBytes = WgmmaConv.SharedBytes<T>(),
            TileM = default(T).M,
            TileN = default(T).N,
            TileK = default(T).RowBytes / 2,
            Trial = variant.Length > 0,
        },
        WgmmaConv.Run<T, TFence>, blocks);
}
