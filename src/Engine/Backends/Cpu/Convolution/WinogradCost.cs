using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>Whether Winograd's filtering does enough fewer products than direct convolution to pay for its transforms.</summary>
internal static class WinogradCost
{
    // Measured: a product costs this much more with the transforms and their traffic.
    private const double Overhead = 1.25;

    /// <summary>The outputs m of the F(m x m, 3 x 3) that takes the fewest products; null where direct convolution does.</summary>
    public static int? Best(Conv2dOp op, ConvGeometry geometry, ConvSource input)
    {
        // Groups are merged until they are a vector wide.
        if (op is not { R: 3, S: 3, Stride: 1 } || Math.Min(op.C, op.K) < CpuTensor.Lanes) return null;
        long three = Products(geometry, 3), four = Products(geometry, 4);
        return Overhead * Math.Min(three, four) >= geometry.LiveTaps(input.Height, input.Width) ? null : three < four ? 3 : 4;
    }

    private static long Products(ConvGeometry geometry, int outputs) =>
        (long)WinogradTiles.Along(geometry.OutputHeight, outputs, geometry.Dilation)
        * WinogradTiles.Along(geometry.OutputWidth, outputs, geometry.Dilation) * (outputs + 2) * (outputs + 2);
}
