using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Image;

/// <summary>Linear interpolation in the operations and order of LungSeg.Imaging.BilinearResize, each rounded by itself.</summary>
internal static class Interpolation
{
    /// <summary>(1 − weight) · a + weight · b.</summary>
    public static float Blend(float a, float b, float weight) => Scalar.AddExactly(
        Scalar.MultiplyExactly(Scalar.AddExactly(1f, -weight), a), Scalar.MultiplyExactly(weight, b));

    /// <summary>The source position of an output pixel's centre.</summary>
    public static float Position(int to, int size, int toSize)
    {
        float scale = Scalar.DivideExactly(size, toSize);
        float position = Scalar.AddExactly(Scalar.MultiplyExactly(scale, Scalar.AddExactly(to, 0.5f)), -0.5f);
        return position > 0f ? position : 0f;
    }
}
