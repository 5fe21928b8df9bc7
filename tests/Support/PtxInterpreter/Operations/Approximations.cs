namespace LungSeg.PtxInterpreter.Operations;

/// <summary>
/// The GPU's approximate functions. The exact result is moved by the error that PTX's documentation allows, up or down as the
/// operand's bits will have it, so that a bound that holds here does not rest on luck. Subnormal operands and results are zero (ftz).
/// </summary>
internal static class Approximation
{
    public static float Of(double exact, float operand, int unitsInTheLastPlace)
    {
        float nearest = (float)exact;
        if (!float.IsNormal(nearest)) return float.IsSubnormal(nearest) ? MathF.CopySign(0, nearest) : nearest;
        uint bits = BitConverter.SingleToUInt32Bits(operand) * 2654435761u;
        if ((bits & 0xF000) == 0) return nearest;
        for (int i = 0; i < unitsInTheLastPlace; i++)
            nearest = (bits >> 31) == 0 ? MathF.BitIncrement(nearest) : MathF.BitDecrement(nearest);
        return nearest;
    }

    public static float Flush(float x) => float.IsSubnormal(x) ? MathF.CopySign(0, x) : x;
}

/// <summary>ex2.approx: 2 units in the last place.</summary>
internal readonly struct Exp2Approximately : IUnary<float, float>
{
    public static float Apply(float x) => Approximation.Of(Math.Pow(2, Approximation.Flush(x)), x, x == 0 ? 0 : 2);
}

/// <summary>rcp.approx: 1 unit in the last place.</summary>
internal readonly struct ReciprocalApproximately : IUnary<float, float>
{
    public static float Apply(float x) => Approximation.Of(1.0 / Approximation.Flush(x), x, 1);
}

internal readonly struct ReciprocalRounded : IUnary<float, float>
{
    public static float Apply(float x) => 1f / x;
}

internal readonly struct SquareRoot : IUnary<float, float>
{
    public static float Apply(float x) => MathF.Sqrt(x);
}
