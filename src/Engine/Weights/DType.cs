namespace LungSeg.Engine.Weights;

/// <summary>The element type of a weight as it lies in a file.</summary>
public enum DType
{
    /// <summary>IEEE 754 binary32.</summary>
    Float32,
    /// <summary>IEEE 754 binary16.</summary>
    Float16,
    /// <summary>The upper half of a binary32.</summary>
    BFloat16,
    /// <summary>IEEE 754 binary64.</summary>
    Float64,
    /// <summary>8-bit signed integer.</summary>
    Int8,
    /// <summary>8-bit unsigned integer.</summary>
    UInt8,
    /// <summary>16-bit signed integer.</summary>
    Int16,
    /// <summary>16-bit unsigned integer.</summary>
    UInt16,
    /// <summary>32-bit signed integer.</summary>
    Int32,
    /// <summary>32-bit unsigned integer.</summary>
    UInt32,
    /// <summary>64-bit signed integer, such as <c>num_batches_tracked</c>.</summary>
    Int64,
    /// <summary>64-bit unsigned integer.</summary>
    UInt64,
    /// <summary>One byte, zero or one.</summary>
    Bool,
}

/// <summary>What the element types have in common.</summary>
internal static class DTypeExtensions
{
    /// <summary>The bytes of one element.</summary>
    public static int ItemSize(this DType dtype) => dtype switch
    {
        DType.Int8 or DType.UInt8 or DType.Bool => 1,
        DType.Float16 or DType.BFloat16 or DType.Int16 or DType.UInt16 => 2,
        DType.Float64 or DType.Int64 or DType.UInt64 => 8,
        _ => 4,
    };

    /// <summary>Whether the type is a floating-point one.</summary>
    public static bool IsFloatingPoint(this DType dtype) =>
        dtype is DType.Float32 or DType.Float16 or DType.BFloat16 or DType.Float64;
}
