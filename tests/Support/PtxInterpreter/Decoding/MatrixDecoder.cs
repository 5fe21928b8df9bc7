using LungSeg.PtxInterpreter.Execution;
using LungSeg.PtxInterpreter.Operations;
using LungSeg.PtxInterpreter.Syntax;

namespace LungSeg.PtxInterpreter.Decoding;

/// <summary>Tensor cores and asynchronous copies.</summary>
internal static class MatrixDecoder
{
    public static Operation? Decode(Instruction instruction, RegisterMap registers)
    {
        IReadOnlyList<Operand> operands = instruction.Operands;
        switch (string.Join('.', instruction.Parts))
        {
            case "cp.async.cg.shared.global" when operands is [Operand.Address to, Operand.Address from, Operand.Immediate
            {
                Bits:
                BeginAsyncCopy.Size
            }, var bytes]:
                return new BeginAsyncCopy(registers.Place32(to.Base), to.Offset, registers.Place64(from.Base), from.Offset,
                    registers.Place32(bytes));
            case "cp.async.commit_group":
                return new CommitAsyncCopies();
            case "cp.async.wait_group" when operands is [Operand.Immediate left]:
                return new WaitForAsyncCopies((int)left.Bits);
            case "ldmatrix.sync.aligned.m8n8.x4.shared.b16" when operands is [Operand.Vector
            {
                Elements.Count:
                4
            } targets, Operand.Address row]:
                return new LoadMatrix(Places(targets), registers.Place32(row.Base), row.Offset);
            case "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32":
                return Product<HalfNumbers>();
            case "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32":
                return Product<Tf32Numbers>();
            case "wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16":
                return Begin(32);
            case "wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16":
                return Begin(64);
            case "wgmma.fence.sync.aligned":
                return new FenceProducts();
            case "wgmma.commit_group.sync.aligned":
                return new CommitProducts();
            case "wgmma.wait_group.sync.aligned" when operands is [Operand.Immediate left]:
                return new WaitForProducts((int)left.Bits);
            case "fence.proxy.async.shared::cta":
                return new FenceShared();
            default:
                return null;
        }

        // Added to the sums, neither negated nor transposed.
        Operation? Begin(int registersOfSums) => operands is [Operand.Vector sums, var a, var b,
            Operand.Immediate { Bits: 1 }, Operand.Immediate { Bits: 1 }, Operand.Immediate { Bits: 1 }, Operand.Immediate { Bits: 0 },
            Operand.Immediate { Bits: 0 }]
            && sums.Elements.Count == registersOfSums ? new BeginProduct(Places(sums), registers.Place64(a), registers.Place64(b)) : null;

        int[] Places(Operand vector) => [.. ((Operand.Vector)vector).Elements.Select(registers.Place32)];

        MatrixMultiplyAdd<T> Product<T>() where T : struct, IFragmentNumbers =>
            new(Places(operands[0]), Places(operands[1]), Places(operands[2]), Places(operands[3]));
    }
}
