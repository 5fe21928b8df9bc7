using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Kernels.Abi;

namespace LungSeg.Kernels.Tests;

/// <summary>What every module that the program carries must be.</summary>
public sealed partial class ModuleTests
{
    private static readonly Dictionary<string, Type> Parameters = new()
    {
        [KernelFamily.ConvSimt] = typeof(ConvParameters),
        [KernelFamily.ConvMma] = typeof(ConvParameters),
        [KernelFamily.ConvWgmma] = typeof(ConvParameters),
        [KernelFamily.ConvReduce] = typeof(ConvReduceParameters),
        [KernelFamily.ConvDirect] = typeof(DirectConvParameters),
        [KernelFamily.ConvPlanar] = typeof(PlanarConvParameters),
        [KernelFamily.ConvHead] = typeof(HeadConvParameters),
        [KernelFamily.Depthwise] = typeof(DepthwiseParameters),
        [KernelFamily.Depthwise3x3] = typeof(DepthwiseParameters),
        [KernelFamily.Depthwise5x5] = typeof(DepthwiseParameters),
        [KernelFamily.Linear] = typeof(LinearParameters),
        [KernelFamily.ScaleShift] = typeof(PixelParameters),
        [KernelFamily.CopyChannels] = typeof(PixelParameters),
        [KernelFamily.Add] = typeof(BinaryParameters),
        [KernelFamily.Multiply] = typeof(BinaryParameters),
        [KernelFamily.Softmax] = typeof(SoftmaxParameters),
        [KernelFamily.FromPlanar] = typeof(PlanarParameters),
        [KernelFamily.ToPlanar] = typeof(PlanarParameters),
        [KernelFamily.MaxPool] = typeof(ResampleParameters),
        [KernelFamily.AveragePool] = typeof(WindowPoolParameters),
        [KernelFamily.UpsampleNearest] = typeof(ResampleParameters),
        [KernelFamily.UpsampleBilinear] = typeof(ResampleParameters),
        [KernelFamily.PoolSums] = typeof(PoolParameters),
        [KernelFamily.PoolMean] = typeof(PoolParameters),
        [KernelFamily.SqueezeExcite] = typeof(SqueezeExciteParameters),
        [KernelFamily.GroupNormMoments] = typeof(GroupNormParameters),
        [KernelFamily.GroupNormScale] = typeof(GroupNormParameters),
        [KernelFamily.ChannelNorm] = typeof(ChannelNormParameters),
        [KernelFamily.AttentionScores] = typeof(AttentionParameters),
        [KernelFamily.AttentionExponentials] = typeof(AttentionParameters),
        [KernelFamily.AttentionProduct] = typeof(AttentionParameters),
        [KernelFamily.Preprocess] = typeof(PreprocessParameters),
        [KernelFamily.Postprocess] = typeof(PostprocessParameters),
    };

    public static TheoryData<string> Names => [.. KernelLibrary.Kernels.Select(kernel => kernel.Name)];

    [Theory, MemberData(nameof(Names))]
    public void A_module_holds_one_kernel_as_the_manifest_says(string name)
    {
        KernelInfo kernel = KernelLibrary.Find(name);
        var parsed = Gpu.Kernel(name);
        Assert.Equal(kernel.ParameterBytes, parsed.ParameterBytes);
        Assert.Equal(kernel.Threads, parsed.MaxThreads);
        Assert.Equal(0, parsed.StaticSharedBytes);
        string text = Gpu.Text(name);
        Assert.Contains($".target {kernel.Target}\n", text);
        Assert.Equal(kernel.SharedBytes > 0, text.Contains(".extern .shared", StringComparison.Ordinal));
        Assert.InRange(kernel.SharedBytes, 0, kernel.Target switch { "sm_60" => 48, "sm_90a" => 227, _ => 99 } * 1024);
    }

    [Theory, MemberData(nameof(Names))]
    public void The_engine_and_the_kernel_agree_on_the_parameters(string name)
    {
        KernelInfo kernel = KernelLibrary.Find(name);
        Type parameters = Parameters[kernel.Family];
        int size = (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(parameters).Invoke(null, null)!;
        Assert.Equal(kernel.ParameterBytes, size);
        // Each load of a parameter is one field: the same offset and size on both sides.
        HashSet<(int, int)> fields = [.. Fields(parameters, 0)];
        foreach (Match load in ParameterLoad().Matches(Gpu.Text(name)))
        {
            int offset = load.Groups["offset"].Success ? int.Parse(load.Groups["offset"].Value) : 0;
            Assert.Contains((offset, int.Parse(load.Groups["bits"].Value) / 8), fields);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Nothing_lies_in_local_memory_and_accesses_say_their_space(string name)
    {
        string text = Gpu.Text(name);
        Assert.DoesNotContain(".local", text);
        Assert.DoesNotContain("call", text);
        Assert.All(Access().Matches(text), access => Assert.Matches(@"^(ld\.param|(ld|st)\.(global|shared))\.", access.Value));
    }

    /// <summary>
    /// Kernels that move vectors of channels move 16 bytes at a time. What is narrower is named here: planar tensors, one-channel
    /// results, transposing stores to shared memory.
    /// </summary>
    [Theory, MemberData(nameof(Names))]
    public void Hot_paths_move_16_bytes_at_a_time(string name)
    {
        KernelInfo kernel = KernelLibrary.Find(name);
        if (kernel.Width == 1 || kernel.Storage.Length == 0) return;
        string[] narrow = [.. Access().Matches(Gpu.Text(name)).Select(access => access.Value).Where(
            access => !access.StartsWith("ld.param", StringComparison.Ordinal) && !access.Contains(".v4.", StringComparison.Ordinal))];
        string[] allowed = kernel.Family switch
        {
            // Transposing stores of pixels.
            KernelFamily.ConvSimt => ["st.shared.f32"],
            // Pairs of sums on their way to whole pixels; a lane's two gates.
            KernelFamily.ConvMma => kernel.Gate ? ["st.shared.v2.f32", "ld.shared.b32"] : ["st.shared.v2.f32"],
            KernelFamily.ConvWgmma => ["st.shared.v2.f32"],
            // One channel of A or B, spread.
            "add" or KernelFamily.Multiply => ["ld.global.f32", "ld.global.b16"],
            // Results of one channel, their residuals and biases; planes; columns of one thread.
            "conv_head" or "linear" or KernelFamily.SqueezeExcite =>
                ["ld.global.f32", "ld.global.b16", "st.global.f32", "st.global.b16", "st.shared.f32"],
            KernelFamily.ConvPlanar => ["ld.global.f32"],
            "from_planar" or KernelFamily.ToPlanar => ["ld.global.f32", "st.global.f32", "ld.global.b16", "st.global.b16"],
            KernelFamily.AttentionScores => ["st.shared.f32", "ld.shared.f32", "st.global.f32"],
            KernelFamily.AttentionProduct => ["st.shared.f32", "ld.global.f32", "st.global.f32", "st.global.b16"],
            // Parts of the channels that lie anywhere.
            KernelFamily.Softmax => ["ld.global.f32", "ld.global.b16", "st.global.f32", "st.global.b16"],
            // A channel for each of neighbouring threads.
            KernelFamily.ChannelNorm => ["ld.global.f32", "ld.global.b16", "st.global.f32", "st.global.b16"],
            KernelFamily.ConvDirect => ["ld.global.f32", "ld.global.b16", "st.global.f32", "st.global.b16"],
            _ => [],
        };
        Assert.All(narrow, access => Assert.Contains(access, allowed));
    }

    private static IEnumerable<(int Offset, int Size)> Fields(Type type, int start)
    {
        foreach (FieldInfo field in type.GetFields(BindingFlags.Public | BindingFlags.Instance))
        {
            int offset = start + (int)Marshal.OffsetOf(type, field.Name);
            Type of = field.FieldType.IsEnum ? Enum.GetUnderlyingType(field.FieldType) : field.FieldType;
            if (of.IsPrimitive) yield return (offset, Marshal.SizeOf(of));
            else foreach ((int, int) inner in Fields(field.FieldType, offset)) yield return inner;
        }
    }

    [GeneratedRegex(@"ld\.param\.[bfsu](?<bits>\d+)\s+%\w+, \[parameters(?:\+(?<offset>\d+))?\]")]
    private static partial Regex ParameterLoad();

    [GeneratedRegex(@"\b(?:ld|st)\.[a-z0-9.]+")]
    private static partial Regex Access();
}
