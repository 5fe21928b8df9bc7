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
        ["conv_simt"] = typeof(ConvParameters),
        ["conv_mma"] = typeof(ConvParameters),
        ["conv_wgmma"] = typeof(ConvParameters),
        ["conv_reduce"] = typeof(ConvReduceParameters),
        ["conv_direct"] = typeof(DirectConvParameters),
        ["conv_planar"] = typeof(PlanarConvParameters),
        ["conv_head"] = typeof(HeadConvParameters),
        ["depthwise"] = typeof(DepthwiseParameters),
        ["depthwise_3x3"] = typeof(DepthwiseParameters),
        ["depthwise_5x5"] = typeof(DepthwiseParameters),
        ["linear"] = typeof(LinearParameters),
        ["scale_shift"] = typeof(PixelParameters),
        ["copy_channels"] = typeof(PixelParameters),
        ["add"] = typeof(BinaryParameters),
        ["mul"] = typeof(BinaryParameters),
        ["from_planar"] = typeof(PlanarParameters),
        ["to_planar"] = typeof(PlanarParameters),
        ["max_pool"] = typeof(ResampleParameters),
        ["upsample_nearest"] = typeof(ResampleParameters),
        ["upsample_bilinear"] = typeof(ResampleParameters),
        ["pool_sums"] = typeof(PoolParameters),
        ["pool_mean"] = typeof(PoolParameters),
        ["squeeze_excite"] = typeof(SqueezeExciteParameters),
        ["group_norm_moments"] = typeof(GroupNormParameters),
        ["group_norm_scale"] = typeof(GroupNormParameters),
        ["attention_scores"] = typeof(AttentionParameters),
        ["attention_exponentials"] = typeof(AttentionParameters),
        ["attention_product"] = typeof(AttentionParameters),
        ["preprocess"] = typeof(PreprocessParameters),
        ["postprocess"] = typeof(PostprocessParameters),
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
        Assert.InRange(kernel.SharedBytes, 0, kernel.Target == "sm_60" ? 48 * 1024 : 99 * 1024);
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
        string[] narrow = [.. Access().Matches(Gpu.Text(name)).Select(access => access.Value).Where(access => !access.StartsWith("ld.param", StringComparison.Ordinal) && !access.Contains(".v4.", StringComparison.Ordinal))];
        string[] allowed = kernel.Family switch
        {
            // Transposing stores of pixels.
            "conv_simt" => ["st.shared.f32"],
            // Pairs of sums on their way to whole pixels; a lane's two gates.
            "conv_mma" => kernel.Gate ? ["st.shared.v2.f32", "ld.shared.b32"] : ["st.shared.v2.f32"],
            "conv_wgmma" => ["st.shared.v2.f32"],
            // One channel of A or B, spread.
            "add" or "mul" => ["ld.global.f32", "ld.global.b16"],
            // Results of one channel, their residuals and biases; planes; columns of one thread.
            "conv_head" or "linear" or "squeeze_excite" => ["ld.global.f32", "ld.global.b16", "st.global.f32", "st.global.b16", "st.shared.f32"],
            "conv_planar" => ["ld.global.f32"],
            "from_planar" or "to_planar" => ["ld.global.f32", "st.global.f32", "ld.global.b16", "st.global.b16"],
            "attention_scores" => ["st.shared.f32", "ld.shared.f32", "st.global.f32"],
            "attention_product" => ["st.shared.f32", "ld.global.f32", "st.global.f32", "st.global.b16"],
            "conv_direct" => ["ld.global.f32", "ld.global.b16", "st.global.f32", "st.global.b16"],
            _ => [],
        };
        Assert.All(narrow, access => Assert.Contains(access, allowed));
    }

    private static IEnumerable<(int Offset, int Size)> Fields(Type type, int start)
    {
        foreach (FieldInfo field in type.GetFields(BindingFlags.Public | BindingFlags.Instance))
        {
            int offset = start + (int)Marshal.OffsetOf(type, field.Name);
            if (field.FieldType.IsPrimitive) yield return (offset, Marshal.SizeOf(field.FieldType));
            else foreach ((int, int) inner in Fields(field.FieldType, offset)) yield return inner;
        }
    }

    [GeneratedRegex(@"ld\.param\.[bfsu](?<bits>\d+)\s+%\w+, \[parameters(?:\+(?<offset>\d+))?\]")]
    private static partial Regex ParameterLoad();

    [GeneratedRegex(@"\b(?:ld|st)\.[a-z0-9.]+")]
    private static partial Regex Access();
}
