using System.Globalization;
using LungSeg.PtxInterpreter;
using LungSeg.PtxInterpreter.Syntax;

namespace LungSeg.Kernels.Tests;

/// <summary>
/// What the interpreter must refuse, each in the least PTX that does it. <see cref="MutationTests"/> does the same to the product's
/// kernels.
/// </summary>
public sealed class InterpreterTests
{
    private const int SharedBytes = 8192;

    // %r0: the thread. %rd0: 1024 bytes of device memory. %r1: dynamic shared memory.
    private const string Header = """
        .version 8.0
        .target sm_90a
        .address_size 64
        .extern .shared .align 1024 .b8 shared_memory[];
        .visible .entry snippet(.param .b64 memory) .maxntid 256, 1, 1
        {
            .reg .pred %p<4>;
            .reg .b32 %r<16>;
            .reg .f32 %f<80>;
            .reg .b64 %rd<8>;
            mov.u32 %r0, %tid.x;
            mov.u32 %r1, shared_memory;
            ld.param.b64 %rd0, [memory];
            shl.b32 %r2, %r0, 4;
            add.u32 %r3, %r1, %r2;
        """;

    // Each thread writes its 16 bytes of shared memory, twice 4096 bytes, and shows them to the tensor cores.
    private const string Operands = """
        st.shared.v4.b32 [%r3], {%r0,%r0,%r0,%r0};
        st.shared.v4.b32 [%r3+2048], {%r0,%r0,%r0,%r0};
        st.shared.v4.b32 [%r3+4096], {%r0,%r0,%r0,%r0};
        st.shared.v4.b32 [%r3+6144], {%r0,%r0,%r0,%r0};
        fence.proxy.async.shared::cta;
        bar.sync 0;
        shr.u32 %r4, %r1, 4;
        cvt.u64.u32 %rd1, %r4;
        or.b64 %rd1, %rd1, 4611686293305360384;
        """;

    private static readonly string Sums = string.Join(',',
        Enumerable.Range(0, 32).Select(i => string.Create(CultureInfo.InvariantCulture, $"%f{i}")));

    private static readonly string Product = $"wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 {{{Sums}}}, %rd1, %rd1, 1, 1, 1, 0, 0;\n";

    [Theory]
    // Device memory.
    [InlineData("ld.global.b32 %r5, [%rd0+2];", "not aligned")]
    [InlineData("ld.global.v4.b32 {%r5,%r6,%r7,%r8}, [%rd0+8];", "not aligned")]
    [InlineData("ld.global.b32 %r5, [%rd0+1024];", "belongs to no allocation")]
    [InlineData("st.global.b32 [%rd0+1020], %r0; st.global.b64 [%rd0+1024], %rd0;", "belongs to no allocation")]
    [InlineData("cvt.u64.u32 %rd1, %r0; st.global.b32 [%rd1], %r0;", "belongs to no allocation")]
    // Shared memory: bounds, alignment, what nobody wrote.
    [InlineData("ld.shared.b32 %r5, [%r1+8192];", "the block has 8192")]
    [InlineData("st.shared.v2.b32 [%r1+4], {%r0,%r0};", "not aligned")]
    [InlineData("ld.shared.b32 %r5, [%r3];", "nobody wrote")]
    // Races: two writers, a reader behind a writer, a writer behind a reader; a warp's barrier does not order other warps.
    [InlineData("st.shared.b32 [%r1], %r0;", "races with thread 0, which wrote")]
    [InlineData("st.shared.b32 [%r3], %r0; ld.shared.b32 %r5, [%r1];", "races with thread 0, which wrote")]
    [InlineData("st.shared.b32 [%r3], %r0; bar.sync 0; xor.b32 %r4, %r2, 16; add.u32 %r4, %r1, %r4; ld.shared.b32 %r5, [%r4]; "
        + "st.shared.b32 [%r3], %r0;", "which read here since the last barrier")]
    [InlineData("st.shared.b32 [%r3], %r0; bar.warp.sync 4294967295; xor.b32 %r4, %r2, 512; add.u32 %r4, %r1, %r4; ld.shared.b32 %r5, "
    + "[%r4];", "races with|nobody wrote")]
    // Asynchronous copies.
    [InlineData("cp.async.cg.shared.global [%r3], [%rd0], 16, 16; cp.async.commit_group; ld.shared.b32 %r5, [%r3];", "still bringing")]
    [InlineData("cp.async.cg.shared.global [%r3], [%rd0], 16, 16; cp.async.wait_group 0; ld.shared.b32 %r5, [%r3];", "still bringing")]
    [InlineData("cp.async.cg.shared.global [%r3], [%rd0], 16, 16; cp.async.commit_group; cp.async.wait_group 1; ld.shared.b32 %r5, [%r3];",
        "still bringing")]
    [InlineData("cp.async.cg.shared.global [%r3], [%rd0], 16, 16; st.shared.b32 [%r3], %r0;", "still writing")]
    [InlineData("cp.async.cg.shared.global [%r3], [%rd0], 16, 16; cp.async.cg.shared.global [%r3], [%rd0+16], 16, 16;", "still writing")]
    [InlineData("cp.async.cg.shared.global [%r3], [%rd0+8], 16, 16;", "not aligned")]
    [InlineData("cp.async.cg.shared.global [%r3+8], [%rd0], 16, 16;", "not aligned")]
    [InlineData("cp.async.cg.shared.global [%r3], [%rd0+1024], 16, 16;", "belongs to no allocation")]
    [InlineData("mov.u32 %r5, 17; cp.async.cg.shared.global [%r3], [%rd0], 16, %r5;", "copies 17 bytes of 16")]
    [InlineData("cp.async.cg.shared.global [%r3], [%rd0], 16, 16; cp.async.commit_group; cp.async.wait_group 0; xor.b32 %r4, %r2, 16; "
        + "add.u32 %r4, %r1, %r4; ld.shared.b32 %r5, [%r4];", "races with|still bringing")]
    // What a warp or a block does together.
    [InlineData("setp.lt.u32 %p0, %r0, 8; @%p0 bar.sync 0;", "the others took another branch")]
    [InlineData("setp.lt.u32 %p0, %r0, 8; @%p0 bar.warp.sync 4294967295;", "needs all lanes")]
    [InlineData("setp.lt.u32 %p0, %r0, 8; @%p0 cp.async.commit_group;", "needs all lanes")]
    [InlineData("setp.lt.u32 %p0, %r0, 8; @%p0 ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r5,%r6,%r7,%r8}, [%r3];", "needs all lanes")]
    [InlineData("setp.lt.u32 %p0, %r0, 8; @%p0 mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f0,%f1,%f2,%f3}, {%r0,%r0,%r0,%r0}, "
        + "{%r0,%r0}, {%f0,%f1,%f2,%f3};", "needs all lanes")]
    [InlineData("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r5,%r6,%r7,%r8}, [%r3+4];", "not aligned")]
    [InlineData("setp.lt.u32 %p0, %r0, 8; @%p0 shfl.sync.bfly.b32 %r5, %r0, 1, 31, 4294967295;", "shuffles among lanes")]
    [InlineData("setp.lt.u32 %p0, %r0, 8; @%p0 shfl.sync.bfly.b32 %r5, %r0, 8, 31, 255;", "reads lane 8")]
    public void A_fault_is_named(string body, string fault) => Assert.Matches(fault, Fault(body, threads: 64));

    [Theory]
    [InlineData("", "without a wgmma.fence", false)]
    [InlineData("wgmma.fence.sync.aligned; {product} wgmma.commit_group.sync.aligned; {product}", "without a wgmma.fence", false)]
    [InlineData("wgmma.fence.sync.aligned; {product}", "ends while products", true)]
    [InlineData("wgmma.fence.sync.aligned; {product} wgmma.commit_group.sync.aligned;", "ends while products", true)]
    [InlineData("wgmma.fence.sync.aligned; {product} wgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned 1;",
        "ends while products", true)]
    [InlineData("wgmma.fence.sync.aligned; {product} wgmma.commit_group.sync.aligned; st.shared.b32 [%r3], %r0;", "still reading", true)]
    [InlineData("wgmma.fence.sync.aligned; {product} cp.async.cg.shared.global [%r3], [%rd0], 16, 16;", "still reading", true)]
    [InlineData("st.shared.b32 [%r3], %r0; bar.sync 0; wgmma.fence.sync.aligned;", "no fence.proxy.async", false)]
    [InlineData("st.shared.b32 [%r3], %r0; fence.proxy.async.shared::cta; wgmma.fence.sync.aligned;", "since the last barrier", false)]
    [InlineData("cp.async.cg.shared.global [%r3], [%rd0], 16, 16; cp.async.commit_group; fence.proxy.async.shared::cta; bar.sync 0; "
        + "wgmma.fence.sync.aligned;", "still bringing", false)]
    [InlineData("wgmma.fence.sync.aligned; cvt.u64.u32 %rd2, %r0; add.u64 %rd1, %rd1, %rd2;", "different descriptors", false)]
    [InlineData("wgmma.fence.sync.aligned; add.u64 %rd1, %rd1, 4611686018427387904;", "swizzled by 128 bytes only", false)]
    [InlineData("wgmma.fence.sync.aligned; or.b64 %rd1, %rd1, 562949953421312;", "no base offset", false)]
    [InlineData("wgmma.fence.sync.aligned; add.u64 %rd1, %rd1, 512;", "the block has 8192", false)]
    [InlineData("wgmma.fence.sync.aligned; setp.lt.u32 %p0, %r0, 32; @%p0", "not all warps|ends while products", false)]
    public void A_misused_product_is_named(string body, string fault, bool whole) =>
        Assert.Matches(fault, Fault(Operands + body.Replace("{product}", Product, StringComparison.Ordinal) + (whole ? "" : " " + Product),
            threads: 128));

    [Fact]
    public void A_warpgroup_must_be_whole() =>
        Assert.Contains("warpgroup is not whole", Fault("wgmma.fence.sync.aligned;\n" + Product, threads: 64));

    [Fact]
    public void Sums_are_no_numbers_before_they_are_waited_for_and_right_after()
    {
        // Zeros times zeros, added to one.
        string product = Operands.Replace("{%r0,%r0,%r0,%r0}", "{0,0,0,0}", StringComparison.Ordinal)
            + string.Concat(Enumerable.Range(0, 32)
                .Select(i => string.Create(CultureInfo.InvariantCulture, $"mov.f32 %f{i}, 0f3F800000;\n")))
            + "wgmma.fence.sync.aligned;\n" + Product + "wgmma.commit_group.sync.aligned;\n";
        const string Wait = "wgmma.wait_group.sync.aligned 0;\n",
            Store = "cvt.u64.u32 %rd2, %r0; shl.b64 %rd2, %rd2, 2; add.u64 %rd2, %rd0, %rd2; st.global.f32 [%rd2], %f5;\n";
        Assert.All(Run(product + Store + Wait, 128), value => Assert.True(float.IsNaN(value)));
        Assert.All(Run(product + Wait + Store, 128), value => Assert.Equal(1, value));
    }

    [Theory]
    [InlineData("ld.shared.b32 %r5, [%r1];", 1, 1)]
    [InlineData("shl.b32 %r4, %r0, 7; and.b32 %r4, %r4, 1023; add.u32 %r4, %r1, %r4; ld.shared.b32 %r5, [%r4];", 8, 1)]
    [InlineData("ld.shared.v4.b32 {%r5,%r6,%r7,%r8}, [%r3];", 4, 4)]
    [InlineData("shl.b32 %r4, %r0, 6; and.b32 %r4, %r4, 1023; add.u32 %r4, %r1, %r4; ld.shared.v4.b32 {%r5,%r6,%r7,%r8}, [%r4];", 16, 4)]
    public void Bank_conflicts_are_counted(string body, int turns, int minimum)
    {
        using var gpu = new Gpu();
        byte[] memory = BitConverter.GetBytes(gpu.Memory.Allocate(1024));
        PtxKernel kernel = PtxModule.Parse(Module(
            "st.shared.v4.b32 [%r3], {%r0,%r0,%r0,%r0}; st.shared.v4.b32 [%r3+512], {%r0,%r0,%r0,%r0}; bar.sync 0;" + body))
                .Entry("snippet");
        kernel.Run(new LaunchConfiguration(1, 1, 1, 32, SharedBytes), memory, gpu.Memory, Checks.Banks);
        Assert.Equal((turns, minimum), kernel.BankUse[kernel.Instructions.Count - 2]);
    }

    [Fact]
    public void A_register_that_was_never_written_is_no_number() =>
        Assert.True(float.IsNaN(Run("setp.eq.u32 %p0, %r0, 0; @%p0 st.global.f32 [%rd0], %f7;", 32)[0]));

    [Theory]
    [InlineData(".local .align 4 .b8 depot[16];")]
    [InlineData("ld.local.b32 %r5, [%rd0];")]
    [InlineData("ld.b32 %r5, [%rd0];")]
    [InlineData("call.uni other;")]
    [InlineData("bar.sync 1;")]
    [InlineData("atom.global.add.u32 %r5, [%rd0], 1;")]
    [InlineData("wgmma.mma_async.sync.aligned.m64n256k16.f32.f16.f16 {%f0}, %rd1, %rd1, 1, 1, 1, 0, 0;")]
    public void What_it_does_not_know_it_refuses(string body) => Assert.Throws<PtxSyntaxException>(() => PtxModule.Parse(Module(body)));

    [Theory]
    [InlineData(1, 1, 512, 8, "compiled for 256 threads")]
    [InlineData(1, 1, 2048, 8, "no GPU can launch")]
    [InlineData(1, 70000, 32, 8, "no GPU can launch")]
    [InlineData(0, 1, 32, 8, "no GPU can launch")]
    [InlineData(1, 1, 32, 4, "8 bytes of parameters expected, 4 given")]
    public void A_launch_that_no_GPU_takes_is_refused(int x, int y, int threads, int bytes, string fault)
    {
        using var gpu = new Gpu();
        PtxKernel kernel = PtxModule.Parse(Module("")).Entry("snippet");
        Assert.Contains(fault, Assert.Throws<PtxFaultException>(
            () => kernel.Run(new LaunchConfiguration(x, y, 1, threads, 0), new byte[bytes], gpu.Memory)).Message);
    }

    private static string Module(string body) => $"{Header}\n{body}\nret;\n}}\n";

    private static string Fault(string body, int threads) => Assert.Throws<PtxFaultException>(() => Run(body, threads)).Message;

    /// <summary>Runs one block, and returns what the device memory holds then.</summary>
    private static float[] Run(string body, int threads)
    {
        using var gpu = new Gpu();
        ulong memory = gpu.Memory.Allocate(1024);
        PtxModule.Parse(Module(body)).Entry("snippet")
            .Run(new LaunchConfiguration(1, 1, 1, threads, SharedBytes), BitConverter.GetBytes(memory), gpu.Memory);
        return gpu.Memory.Span<float>(memory, threads).ToArray();
    }
}
