using System.Text.RegularExpressions;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Tests.Convolution;
using LungSeg.PtxInterpreter;
using Xunit.Sdk;

namespace LungSeg.Kernels.Tests;

/// <summary>A kernel with one fault put into its PTX must not pass: the interpreter or the comparison names what is wrong.</summary>
public sealed class MutationTests
{
    // Nine steps of halves: the last lies in the stage that the exchange behind it begins with.
    private static readonly ConvCase Case = new(
        new Shape(1, 32, 7, 9), 40, 3, 3, 1, 1, new Padding(1, 1, 1, 1), 1, Bias: true, Residual: false, Activation.None, Seed: 7);

    [Theory]
    [InlineData("conv_simt_f32_64x64")]
    [InlineData("conv_mma_f16_64x64")]
    [InlineData("conv_mma_tf32_128x64")]
    [InlineData("conv_wgmma_f16_128x64")]
    public void The_kernel_as_it_is_passes(string kernel) => Run(kernel, text => text);

    [Theory]
    [InlineData("conv_simt_f32_64x64", 0)]
    [InlineData("conv_simt_f32_64x64", 1)]
    [InlineData("conv_mma_f16_64x64", 0)]
    [InlineData("conv_mma_f16_64x64", 1)]
    [InlineData("conv_mma_tf32_64x32", 1)]
    public void A_removed_barrier_is_a_race(string kernel, int which) =>
        Assert.Contains("races with", Fault(kernel, text => Without(text, "bar.sync\t0;", which)));

    [Theory]
    [InlineData("conv_simt_f32_64x64")]
    public void A_load_without_its_guard_is_out_of_bounds(string kernel) =>
        Assert.Matches("belongs to no allocation|beyond the end", Fault(kernel, text => text.Replace("@q ", "", StringComparison.Ordinal)));

    [Theory]
    [InlineData("conv_mma_f16_64x64")]
    [InlineData("conv_mma_tf32_128x128")]
    public void A_removed_wait_reads_what_is_still_being_copied(string kernel) =>
        Assert.Contains("still bringing", Fault(kernel, text => Without(text, "cp.async.wait_group 2;", 0)));

    [Fact]
    public void A_wait_that_is_one_group_short_reads_what_is_still_being_copied() =>
        Assert.Contains("still bringing", Fault("conv_mma_f16_64x64",
            text => Replaced(text, "cp.async.wait_group 2;", 0, "cp.async.wait_group 3;")));

    [Fact]
    public void A_removed_barrier_of_the_warp_is_a_race() =>
        Assert.Contains("races with", Fault("conv_mma_f16_64x64", text => Regex.Replace(text, @"bar\.warp\.sync[^;]*;", "")));

    [Fact]
    public void Copies_that_the_tensor_cores_were_not_shown_are_named() =>
        Assert.Contains("no fence.proxy.async", Fault("conv_wgmma_f16_64x64", text => Without(text, "fence.proxy.async.shared::cta;", 0)));

    [Fact]
    public void A_product_without_a_fence_is_named() =>
        Assert.Contains("without a wgmma.fence", Fault("conv_wgmma_f16_64x64", text => Without(text, "wgmma.fence.sync.aligned;", 0)));

    [Fact]
    public void Memory_filled_again_while_a_product_reads_it_is_named() =>
        Assert.Contains("still reading", Fault("conv_wgmma_f16_128x64", text => Without(text, "wgmma.wait_group.sync.aligned 1;", 0)));

    [Fact]
    public void An_exchange_before_the_products_are_done_is_named() => Assert.Contains("still reading", Fault(
        "conv_wgmma_f16_64x64", text => Replaced(text, "wgmma.wait_group.sync.aligned 0;", 0, "wgmma.wait_group.sync.aligned 1;")));

    [Fact]
    public void A_barrier_of_the_products_removed_is_named() =>
        Assert.Matches("since the last barrier|still bringing|nobody wrote|still reading",
            Fault("conv_wgmma_f16_128x128", text => Without(text, "bar.sync\t0;", 1)));

    [Fact]
    public void A_barrier_that_some_threads_miss_is_named() => Assert.Contains("waits for the block with lanes", Fault(
        "conv_simt_f32_64x64", text => Replaced(text, "bar.sync\t0;", 0,
            "{ .reg .pred q; .reg .u32 t; mov.u32 t, %tid.x; setp.lt.u32 q, t, 40; @q bar.sync\t0; }")));

    [Fact]
    public void Shared_memory_that_nobody_wrote_is_named() => Assert.Contains("nobody wrote", Fault(
        "conv_simt_f32_64x64", text => Regex.Replace(text, @"st\.shared\.v4\.f32[^;]*;", "")));

    [Fact]
    public void A_misaligned_access_is_named() => Assert.Contains("not aligned", Fault(
        "conv_simt_f32_64x64", text => Regex.Replace(text, @"(st\.global\.v4\.f32 \[\s*%rd\d+)\]", "$1+4]")));

    [Fact]
    public void A_wrong_stride_gives_wrong_numbers() => Assert.ThrowsAny<XunitException>(() => Run(
        "conv_simt_f32_64x64", text => new Regex(@"(ld\.shared\.v4\.f32 \{[^}]*\}, \[%\w+)\]").Replace(text, "$1+16]", 1)));

    [Fact]
    public void A_shuffle_among_lanes_that_are_elsewhere_is_named()
    {
        const string Text = """
            .version 6.0
            .target sm_60
            .address_size 64
            .visible .entry halves()
            {
                .reg .pred %p<2>;
                .reg .b32 %r<4>;
                mov.u32 %r1, %laneid;
                setp.lt.u32 %p1, %r1, 16;
                @%p1 bra L1;
                shfl.sync.bfly.b32 %r2, %r1, 1, 31, 4294967295;
            L1:
                ret;
            }
            """;
        using var gpu = new Gpu();
        PtxFaultException fault = Assert.Throws<PtxFaultException>(
            () => PtxModule.Parse(Text).Entry("halves").Run(new LaunchConfiguration(1, 1, 1, 32, 0), [], gpu.Memory));
        Assert.Contains("shuffles among lanes", fault.Message);
    }

    private static string Fault(string kernel, Func<string, string> change) =>
        Assert.Throws<PtxFaultException>(() => Run(kernel, change)).Message;

    private static void Run(string name, Func<string, string> change)
    {
        KernelInfo kernel = KernelLibrary.Find(name);
        ConvCase test = Case with { Numbers = TiledRun.NumbersOf(kernel) };
        PtxKernel changed = PtxModule.Parse(change(Gpu.Text(name))).Entry(name);
        test.Expected(TiledRun.StorageOf(kernel), isTruncated: true).Check(TiledRun.Run(kernel, test, changed: changed), name);
    }

    private static string Without(string text, string part, int which) => Replaced(text, part, which, "");

    private static string Replaced(string text, string part, int which, string by)
    {
        int place = -1;
        for (int i = 0; i <= which; i++)
        {
            place = text.IndexOf(part, place + 1, StringComparison.Ordinal);
            Assert.True(place >= 0, $"'{part}' does not occur {which + 1} times");
        }
        return string.Concat(text.AsSpan(0, place), by, text.AsSpan(place + part.Length));
    }
}
