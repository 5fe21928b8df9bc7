using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Attention;
using LungSeg.Kernels.Compiler;
using LungSeg.Kernels.Convolution;
using LungSeg.Kernels.Elementwise;
using LungSeg.Kernels.Normalisation;
using LungSeg.Kernels.Picture;
using LungSeg.Kernels.Pooling;
using LungSeg.Kernels.Ptx;
using LungSeg.Kernels.Resampling;

namespace LungSeg.Kernels;

/// <summary>All kernels of the product.</summary>
internal static class Catalogue
{
    private const string Float32 = "f32", Float16 = "f16";

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
        Wgmma<Wgmma128x128>(blocks: 2),
        Wgmma<Wgmma128x64>(blocks: 2),
        Wgmma<Wgmma64x128>(blocks: 2),
        Wgmma<Wgmma64x64>(blocks: 3),
        .. Maps<ConvReduceParameters>("conv_reduce", ConvReduce.Run<F32>, ConvReduce.Run<F16>).Select(kernel => kernel with { BlocksPerMultiprocessor = 4 }),
        .. Maps<DirectConvParameters>("conv_direct", DirectConv.Run<F32>, DirectConv.Run<F16>),
        .. Maps<PlanarConvParameters>("conv_planar", PlanarConv.Run<F32>, PlanarConv.Run<F16>).Select(kernel => kernel with
        {
            Threads = PlanarConv.Threads,
            SharedBytes = PlanarConv.SharedBytes,
            Tile = (PlanarConv.Threads / 32, PlanarConv.TilePixels, 0),
        }),
        .. Maps<HeadConvParameters>("conv_head", HeadConv.Run<F32>, HeadConv.Run<F16>).Select(kernel => kernel with { BlocksPerMultiprocessor = 4 }),
        .. Maps<DepthwiseParameters>("depthwise", DepthwiseConv.Any<F32>, DepthwiseConv.Any<F16>),
        .. Maps<DepthwiseParameters>("depthwise_3x3", DepthwiseConv.Three<F32>, DepthwiseConv.Three<F16>).Select(kernel => kernel with { Threads = 128 }),
        .. Maps<DepthwiseParameters>("depthwise_5x5", DepthwiseConv.Five<F32>, DepthwiseConv.Five<F16>).Select(kernel => kernel with { Threads = 128 }),
        .. Maps<LinearParameters>("linear", Linear.Run<F32>, Linear.Run<F16>),

        .. Maps<PixelParameters>("scale_shift", ScaleShift.Run<F32>, ScaleShift.Run<F16>, ScaleShift.Run<Single<F32>>, ScaleShift.Run<Single<F16>>),
        .. Maps<PixelParameters>("copy_channels", CopyChannels.Run<F32>, CopyChannels.Run<F16>, CopyChannels.Run<Single<F32>>, CopyChannels.Run<Single<F16>>),
        .. Maps<BinaryParameters>("add", Binary.Add<F32>, Binary.Add<F16>, Binary.Add<Single<F32>>, Binary.Add<Single<F16>>),
        .. Maps<BinaryParameters>("mul", Binary.Multiply<F32>, Binary.Multiply<F16>, Binary.Multiply<Single<F32>>, Binary.Multiply<Single<F16>>),
        .. Maps<PlanarParameters>("from_planar", Planar.ToMap<F32>, Planar.ToMap<F16>),
        .. Maps<PlanarParameters>("to_planar", Planar.FromMap<F32>, Planar.FromMap<F16>),

        .. Maps<ResampleParameters>("max_pool", MaxPool.Run<F32>, MaxPool.Run<F16>, MaxPool.Run<Single<F32>>, MaxPool.Run<Single<F16>>),
        .. Maps<ResampleParameters>(
            "upsample_nearest", UpsampleNearest.Run<F32>, UpsampleNearest.Run<F16>, UpsampleNearest.Run<Single<F32>>, UpsampleNearest.Run<Single<F16>>),
        .. Maps<ResampleParameters>(
            "upsample_bilinear", UpsampleBilinear.Run<F32>, UpsampleBilinear.Run<F16>, UpsampleBilinear.Run<Single<F32>>, UpsampleBilinear.Run<Single<F16>>),

        .. Reductions<PoolParameters>("pool_sums", AveragePool.Sums<F32>, AveragePool.Sums<F16>, AveragePool.Sums<Single<F32>>, AveragePool.Sums<Single<F16>>),
        .. Maps<PoolParameters>("pool_mean", AveragePool.Mean<F32>, AveragePool.Mean<F16>, AveragePool.Mean<Single<F32>>, AveragePool.Mean<Single<F16>>),
        .. Maps<SqueezeExciteParameters>("squeeze_excite", SqueezeExcite.Run<F32>, SqueezeExcite.Run<F16>).Select(kernel => kernel with
        {
            Threads = SqueezeExcite.Threads,
            SharedBytes = SqueezeExcite.SharedBytes,
        }),
        .. Reductions<GroupNormParameters>(
            "group_norm_moments", GroupNorm.Moments<F32>, GroupNorm.Moments<F16>, GroupNorm.Moments<Single<F32>>, GroupNorm.Moments<Single<F16>>),
        new("group_norm_scale", "", (Action<GroupNormParameters>)GroupNorm.Scale) { Threads = 32 },

        .. Maps<AttentionParameters>(
            "attention_scores", AttentionScores.Run<F32>, AttentionScores.Run<F16>, AttentionScores.Run<Single<F32>>, AttentionScores.Run<Single<F16>>)
            .Select(kernel => kernel with
            {
                Threads = AttentionScores.Threads,
                BlocksPerMultiprocessor = 8,
                SharedBytes = AttentionScores.SharedBytes,
                Tile = (AttentionScores.Tile, AttentionScores.Tile, 8),
            }),
        new("attention_exponentials", "", (Action<AttentionParameters>)AttentionExponentials.Run)
        {
            Threads = AttentionExponentials.Threads,
            SharedBytes = AttentionExponentials.SharedBytes,
        },
        .. Maps<AttentionParameters>(
            "attention_product", AttentionProduct.Run<F32>, AttentionProduct.Run<F16>, AttentionProduct.Run<Single<F32>>, AttentionProduct.Run<Single<F16>>)
            .Select(kernel => kernel with
            {
                Threads = AttentionProduct.Threads,
                BlocksPerMultiprocessor = 8,
                SharedBytes = AttentionProduct.SharedBytes,
                Tile = (AttentionProduct.Tile, AttentionProduct.Tile, 8),
            }),

        new("preprocess", "u8", (Action<PreprocessParameters>)Preprocess.Bytes),
        new("preprocess", "u16", (Action<PreprocessParameters>)Preprocess.Words),
        new("postprocess", "", (Action<PostprocessParameters>)Postprocess.Run),
    ];

    /// <summary>One kernel for each storage, and where it is asked for, for maps of one channel.</summary>
    private static IEnumerable<KernelSource> Maps<P>(string family, Action<P> f32, Action<P> f16, Action<P>? oneF32 = null, Action<P>? oneF16 = null)
    {
        yield return new KernelSource(family, Float32, f32) { Storage = Float32 };
        yield return new KernelSource(family, Float16, f16) { Storage = Float16, Target = Target.Ampere };
        if (oneF32 is not null) yield return new KernelSource(family, $"{Float32}_single", oneF32) { Storage = Float32, Width = 1 };
        if (oneF16 is not null) yield return new KernelSource(family, $"{Float16}_single", oneF16) { Storage = Float16, Width = 1, Target = Target.Ampere };
    }

    private static IEnumerable<KernelSource> Reductions<P>(string family, Action<P> f32, Action<P> f16, Action<P> oneF32, Action<P> oneF16) =>
        Maps(family, f32, f16, oneF32, oneF16).Select(kernel => kernel with { Threads = ChannelReduction.Threads, SharedBytes = ChannelReduction.SharedBytes });

    private static KernelSource Simt<T>(int blocks) where T : struct, ISimtTile => new(
        "conv_simt", $"{Float32}_{default(T).M}x{default(T).N}", (Action<ConvParameters>)SimtConv.Run<T>)
    {
        Storage = Float32,
        Threads = SimtConv.Threads<T>(),
        BlocksPerMultiprocessor = blocks,
        SharedBytes = SimtConv.SharedBytes<T>(),
        Tile = (default(T).M, default(T).N, SimtConv.K),
    };

    private static IEnumerable<KernelSource> Mma<T>(int blocks) where T : struct, IMmaTile =>
    [
        Mma<T, F16>("f16", blocks, MmaConv.Run<T, F16, HalfMath, NoGate>, gate: false),
        Mma<T, F16>("f16", blocks, MmaConv.Run<T, F16, HalfMath, Gated>, gate: true),
        Mma<T, F32>("tf32", blocks, MmaConv.Run<T, F32, Tf32Math, NoGate>, gate: false),
        Mma<T, F32>("tf32", blocks, MmaConv.Run<T, F32, Tf32Math, Gated>, gate: true),
    ];

    private static KernelSource Mma<T, TStorage>(string precision, int blocks, Action<ConvParameters> kernel, bool gate)
        where T : struct, IMmaTile where TStorage : struct, IStorage => new("conv_mma", $"{precision}_{default(T).M}x{default(T).N}{(gate ? "_gate" : "")}", kernel)
        {
            Precision = precision,
            Storage = default(TStorage).Size == 2 ? Float16 : Float32,
            Target = Target.Ampere,
            Threads = default(T).Threads,
            BlocksPerMultiprocessor = blocks,
            SharedBytes = MmaConv.SharedBytes<T>(),
            Tile = (default(T).M, default(T).N, default(T).RowBytes / default(TStorage).Size),
            Gate = gate,
        };

    private static KernelSource Wgmma<T>(int blocks) where T : struct, IWgmmaTile => new(
        "conv_wgmma", $"{Float16}_{default(T).M}x{default(T).N}", (Action<ConvParameters>)WgmmaConv.Run<T>)
    {
        Storage = Float16,
        Target = Target.Hopper,
        Threads = default(T).Threads,
        BlocksPerMultiprocessor = blocks,
        SharedBytes = WgmmaConv.SharedBytes<T>(),
        Tile = (default(T).M, default(T).N, default(T).RowBytes / 2),
    };
}
