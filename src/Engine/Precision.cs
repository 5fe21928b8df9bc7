namespace LungSeg.Engine;

/// <summary>How a network's products are computed and its maps stored. Sums are float32, of integers int32.</summary>
public enum Precision
{
    /// <summary>float32 throughout.</summary>
    Float32,

    /// <summary>float32 in memory; products of operands that are rounded to 10 bits, NVIDIA's TF32.</summary>
    TensorFloat32,

    /// <summary>IEEE half in memory and for products.</summary>
    Float16,

    /// <summary>Bytes in memory, integer products and sums, on the CPU: a network that has been quantised.</summary>
    Int8,
}

/// <summary>Short names of precisions, for people.</summary>
internal static class PrecisionNames
{
    /// <summary>fp32, tf32, fp16 or int8.</summary>
    public static string Name(this Precision precision) => precision switch
    {
        Precision.TensorFloat32 => "tf32",
        Precision.Float16 => "fp16",
        Precision.Int8 => "int8",
        _ => "fp32",
    };
}
