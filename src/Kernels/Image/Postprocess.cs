using ILGPU;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Image;

/// <summary>The network's probabilities at the image's size, as LungSeg.Imaging.BilinearResize computes them, and the mask.</summary>
internal static class Postprocess
{
    public static void Run(PostprocessParameters p)
    {
        int index = (Grid.IdxX * Group.DimX) + Group.IdxX, y = index / p.Width, x = index - (y * p.Width);
        if (y >= p.Height) return;
        float value;
        if (p.Width == p.SourceWidth & p.Height == p.SourceHeight)
        {
            value = Global.LoadFloat(p.Source + (index * 4L));
        }
        else
        {
            float row = Interpolation.Position(y, p.SourceHeight, p.Height), column = Interpolation.Position(x, p.SourceWidth, p.Width);
            int upper = IntMath.Min((int)row, p.SourceHeight - 1), left = IntMath.Min((int)column, p.SourceWidth - 1);
            int lower = IntMath.Min(upper + 1, p.SourceHeight - 1), right = IntMath.Min(left + 1, p.SourceWidth - 1);
            float across = Scalar.AddExactly(column, -left), down = Scalar.AddExactly(row, -upper);
            float first = Interpolation.Blend(At(p, upper, left), At(p, upper, right), across);
            float second = Interpolation.Blend(At(p, lower, left), At(p, lower, right), across);
            value = Interpolation.Blend(first, second, down);
        }
        Global.StoreByte(p.Mask + index, value > p.Threshold ? 1u : 0u);
    }

    private static float At(PostprocessParameters p, int row, int column) =>
        Global.LoadFloat(p.Source + ((((long)row * p.SourceWidth) + column) * 4));
}
