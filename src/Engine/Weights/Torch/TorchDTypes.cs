namespace LungSeg.Engine.Weights.Torch;

/// <summary>PyTorch's names of element types.</summary>
internal static class TorchDTypes
{
    /// <summary>The type of a storage class such as <c>torch.HalfStorage</c>; untyped storages count bytes.</summary>
    public static DType OfStorage(object? type, ByteSource source) => type is PickleGlobal global ? global.Name switch
    {
        "FloatStorage" => DType.Float32,
        "HalfStorage" => DType.Float16,
        "BFloat16Storage" => DType.BFloat16,
        "DoubleStorage" => DType.Float64,
        "CharStorage" => DType.Int8,
        "ByteStorage" or "UntypedStorage" or "_UntypedStorage" => DType.UInt8,
        "ShortStorage" => DType.Int16,
        "IntStorage" => DType.Int32,
        "LongStorage" => DType.Int64,
        "BoolStorage" => DType.Bool,
        _ => throw source.Error($"holds a {global}, which is not supported: convert it to float32"),
    } : throw source.Error("is damaged: the pickle has a storage without a type");

    /// <summary>The type of a tensor by its dtype, such as <c>torch.uint16</c>.</summary>
    public static DType OfTensor(object? dtype, ByteSource source) => (dtype as PickleGlobal)?.ToString() switch
    {
        "torch.float32" => DType.Float32,
        "torch.float16" => DType.Float16,
        "torch.bfloat16" => DType.BFloat16,
        "torch.float64" => DType.Float64,
        "torch.int8" => DType.Int8,
        "torch.uint8" => DType.UInt8,
        "torch.int16" => DType.Int16,
        "torch.uint16" => DType.UInt16,
        "torch.int32" => DType.Int32,
        "torch.uint32" => DType.UInt32,
        "torch.int64" => DType.Int64,
        "torch.uint64" => DType.UInt64,
        "torch.bool" => DType.Bool,
        { } other => throw source.Error($"holds a tensor of {other}, which is not supported: convert it to float32"),
        null => throw source.Error("is damaged: the pickle has a tensor without a type"),
    };
}
