namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>Turns kernels of a convolution, one after another, into as many of so many taps each.</summary>
internal sealed record KernelTransform(int Taps, KernelTransform.Function Apply)
{
    internal delegate void Function(ReadOnlySpan<float> kernels, Span<float> result);
}
