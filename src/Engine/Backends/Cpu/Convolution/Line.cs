using System.Runtime.CompilerServices;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>Where the vectors lie that a one-dimensional transform reads.</summary>
internal unsafe interface ILine
{
    float* this[int index] { get; }
}

/// <summary>At equal distances.</summary>
internal readonly unsafe struct Strided(float* first, nint step) : ILine
{
    public float* this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => first + (index * step);
    }
}

/// <summary>At the same offset of several rows.</summary>
internal readonly unsafe struct Scattered(float** rows, nint offset) : ILine
{
    public float* this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => rows[index] + offset;
    }
}
