extern alias KernelCompiler;

using KernelCompiler::LungSeg.Kernels;
using KernelCompiler::LungSeg.Kernels.Abi;
using KernelCompiler::LungSeg.Kernels.Compiler;
using KernelCompiler::LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Tests;

/// <summary>What the build does to ILGPU's PTX, and what it refuses.</summary>
public sealed class CompilerTests
{
    private static readonly KernelSource Any =
        KernelSource.Of<ConvReduceParameters>(new KernelInfo { Name = "any", Family = "any" }, Indexed);

    [Fact]
    public void A_depot_that_is_loaded_and_stored_whole_becomes_registers()
    {
        string ptx = DepotPromotion.Apply("""
            {
                .local .align 8 .b8 __local_depot0[16];
                .reg .b64 %rd<9>;
                .reg .b32 %r<9>;
                mov.b64 %rd1, __local_depot0;
                st.local.v2.b32 [%rd1], {%r1,%r2};
                ld.local.b32 %r3, [%rd1+4];
            }
            """);
        Assert.DoesNotContain("local", ptx);
        Assert.Matches(@"mov\.b32\s+(?<slot>%\w+), %r2;[^;]*mov\.b32\s+%r3, \k<slot>;", ptx);
    }

    [Theory]
    [InlineData("add.u64 %rd2, %rd1, 4;")]
    [InlineData("st.local.b32 [%rd1], %r1; \n ld.local.b64 %rd3, [%rd1];")]
    [InlineData("st.local.b64 [%rd1], %rd3; \n ld.local.b32 %r1, [%rd1+4];")]
    [InlineData("st.local.b8 [%rd1], %r1;")]
    public void A_depot_whose_parts_are_not_plain_stays_and_the_build_refuses_it(string use)
    {
        string ptx =
            DepotPromotion.Apply($".local .align 8 .b8 __local_depot0[16];\n.reg .b64 %rd<9>;\nmov.b64 %rd1, __local_depot0;\n{use}\n");
        Assert.Contains(".local .align 8", ptx);
        Assert.Contains("local memory", Assert.Throws<KernelException>(() => ModuleCheck.Verify(ptx, Any)).Message);
    }

    [Theory]
    [InlineData("call.uni (%r1), helper, (%r2);", "was not inlined")]
    [InlineData("ld.b32 %r1, [%rd1];", "which memory it means")]
    [InlineData("st.v4.f32 [%rd1], {%f1,%f2,%f3,%f4};", "which memory it means")]
    [InlineData("st.local.b32 [%rd1], %r1;", "local memory")]
    public void What_no_module_may_hold_is_refused(string line, string why) =>
        Assert.Contains(why, Assert.Throws<KernelException>(() => ModuleCheck.Verify($"{{\n{line}\n}}\n", Any)).Message);

    [Fact]
    public void Comments_and_stated_spaces_are_not_refused() =>
        ModuleCheck.Verify("// a call, .local\nld.global.v4.b32 {%r1,%r2,%r3,%r4}, [%rd1];\nst.shared.b32 [%r1], %r2;\nld.param.b64 %rd1, "
        + "[parameters];\n", Any);

    [Fact]
    public void An_array_does_not_pass_the_compiler()
    {
        using var compiler = new KernelCompiler::LungSeg.Kernels.Compiler.KernelCompiler();
        Assert.Contains("any: the module keeps something in local memory",
            Assert.Throws<KernelException>(() => compiler.Compile(Any)).Message);
    }

    // In one context, what was compiled before decides the order of some moves: the same catalogue makes the same image.
    [Fact]
    public void Two_builds_make_the_same_modules()
    {
        foreach (KernelSource source in Catalogue.Kernels.Where(
            kernel => kernel.Name is "copy_channels_f16" or "max_pool_f32" or "conv_head_f16"))
        {
            string[] modules = [.. Enumerable.Range(0, 2).Select(_ =>
            {
                using var compiler = new KernelCompiler::LungSeg.Kernels.Compiler.KernelCompiler();
                return compiler.Compile(source);
            })];
            Assert.Equal(modules[0], modules[1]);
        }
    }

    [Fact]
    public void The_same_kernels_make_the_same_image()
    {
        byte[] first = Image(), second = Image();
        Assert.Equal(first, second);

        static byte[] Image()
        {
            using var stream = new MemoryStream();
            KernelImage.Write(stream, [(Any, "one module")]);
            return stream.ToArray();
        }
    }

    [Fact]
    public void Every_kernel_of_the_catalogue_is_embedded_once()
    {
        string[] names = [.. Catalogue.Kernels.Select(kernel => kernel.Name)];
        Assert.Equal(names.Order(), Engine.Backends.Cuda.KernelLibrary.Kernels.Select(kernel => kernel.Name).Order());
        Assert.Equal(names.Length, names.Distinct().Count());
    }

    /// <summary>A kernel as none may be: what it indexes by a variable lies in local memory.</summary>
    private static void Indexed(ConvReduceParameters p)
    {
        var values = new float[8];
        for (int i = 0; i < 8; i++) values[i] = Global.LoadFloat(p.Partial + (i * 4L));
        Global.Store(p.Partial, values[p.Splits & 7]);
    }
}
