using LungSeg.PtxInterpreter.Execution;

namespace LungSeg.PtxInterpreter.Operations;

/// <summary>How a 32-bit register of a fragment is read.</summary>
internal interface IFragmentNumbers
{
    /// <summary>Numbers in a register.</summary>
    static abstract int PerRegister { get; }

    static abstract float Read(uint register, int index);
}

internal readonly struct HalfNumbers : IFragmentNumbers
{
    public static int PerRegister => 2;

    public static float Read(uint register, int index) => HalfToFloat.Apply(index == 0 ? register : register >> 16);
}

/// <summary>The lower 13 bits are not looked at.</summary>
internal readonly struct Tf32Numbers : IFragmentNumbers
{
    public static int PerRegister => 1;

    public static float Read(uint register, int index) => BitConverter.UInt32BitsToSingle(register & ~0x1FFFu);
}

/// <summary>The sums of tensor cores.</summary>
internal static class TensorSum
{
    /// <summary>
    /// sum + Σ a · b. NVIDIA does not document how the cores add; published measurements see exact products and sums that are cut
    /// off, not rounded. Here each 8 products are added exactly and the result is cut off to float32.
    /// </summary>
    public static float Add(float sum, ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        for (int first = 0; first < a.Length; first += 8)
        {
            double exact = sum;
            for (int k = first; k < Math.Min(first + 8, a.Length); k++) exact += (double)a[k] * b[k];
            sum = CutOff(exact);
        }
        return sum;
    }

    private static float CutOff(double value)
    {
        float nearest = (float)value;
        if (Math.Abs((double)nearest) > Math.Abs(value) && float.IsFinite(nearest))
            nearest = MathF.CopySign(MathF.BitDecrement(MathF.Abs(nearest)), nearest);
        return nearest;
    }
}

/// <summary>mma.sync of 16 rows by 8 columns, 32 bytes deep, sums in float32: d = a · b + c.</summary>
internal sealed unsafe class MatrixMultiplyAdd<T>(int[] d, int[] a, int[] b, int[] c) : Operation where T : struct, IFragmentNumbers
{
    public override void Execute(Warp warp, uint mask)
    {
        warp.RequireConvergence(mask);
        byte* registers = warp.Registers;
        int half = 4 * T.PerRegister, depth = 2 * half;
        Span<float> rows = stackalloc float[16 * depth], columns = stackalloc float[8 * depth];
        for (int lane = 0; lane < Lanes.Count; lane++)
        {
            int g = lane / 4, t = lane % 4;
            for (int i = 0; i < T.PerRegister; i++)
            {
                int k = (t * T.PerRegister) + i;
                rows[(g * depth) + k] = T.Read(Register(a[0])[lane], i);
                rows[((g + 8) * depth) + k] = T.Read(Register(a[1])[lane], i);
                rows[(g * depth) + k + half] = T.Read(Register(a[2])[lane], i);
                rows[((g + 8) * depth) + k + half] = T.Read(Register(a[3])[lane], i);
                columns[(g * depth) + k] = T.Read(Register(b[0])[lane], i);
                columns[(g * depth) + k + half] = T.Read(Register(b[1])[lane], i);
            }
        }
        for (int lane = 0; lane < Lanes.Count; lane++)
        {
            for (int i = 0; i < 4; i++)
            {
                int row = (lane / 4) + (i / 2 * 8), column = (lane % 4 * 2) + (i % 2);
                float sum = BitConverter.UInt32BitsToSingle(Register(c[i])[lane]);
                sum = TensorSum.Add(sum, rows.Slice(row * depth, depth), columns.Slice(column * depth, depth));
                Register(d[i])[lane] = BitConverter.SingleToUInt32Bits(sum);
            }
        }

        uint* Register(int place) => (uint*)(registers + place);
    }
}
