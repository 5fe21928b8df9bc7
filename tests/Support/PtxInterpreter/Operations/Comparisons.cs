using System.Runtime.Intrinsics;

namespace LungSeg.PtxInterpreter.Operations;

internal readonly struct EqualTo<T> : IVectorBinary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => Vector512.Equals(a, b);
}

/// <summary>Unordered: true of not-a-number.</summary>
internal readonly struct NotEqualTo<T> : IVectorBinary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => ~Vector512.Equals(a, b);
}

internal readonly struct Less<T> : IVectorBinary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => Vector512.LessThan(a, b);
}

internal readonly struct LessOrEqual<T> : IVectorBinary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => Vector512.LessThanOrEqual(a, b);
}

/// <summary>False of not-a-number, as PTX's ne.</summary>
internal readonly struct OrderedNotEqual<T> : IVectorBinary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => Vector512.LessThan(a, b) | Vector512.GreaterThan(a, b);
}

/// <summary>Not less: true of not-a-number, as PTX's geu.</summary>
internal readonly struct NotLess<T> : IVectorBinary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => ~Vector512.LessThan(a, b);
}

/// <summary>Not less or equal: true of not-a-number, as PTX's gtu.</summary>
internal readonly struct NotLessOrEqual<T> : IVectorBinary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => ~Vector512.LessThanOrEqual(a, b);
}

/// <summary>PTX's equ: equal, or one of them not-a-number.</summary>
internal readonly struct UnorderedEqual<T> : IVectorBinary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => ~(Vector512.LessThan(a, b) | Vector512.GreaterThan(a, b));
}
