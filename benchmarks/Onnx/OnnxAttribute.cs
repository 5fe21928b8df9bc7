namespace LungSeg.Benchmarks.Onnx;

/// <summary>A node's named constant.</summary>
internal readonly struct OnnxAttribute(string name, object value)
{
    public static implicit operator OnnxAttribute((string Name, long Value) pair) => new(pair.Name, pair.Value);

    public static implicit operator OnnxAttribute((string Name, float Value) pair) => new(pair.Name, pair.Value);

    public static implicit operator OnnxAttribute((string Name, string Value) pair) => new(pair.Name, pair.Value);

    public static implicit operator OnnxAttribute((string Name, long[] Value) pair) => new(pair.Name, pair.Value);

    public void Write(ProtoWriter proto)
    {
        proto.String(1, name);
        switch (value)
        {
            case float number:
                proto.Float(2, number);
                proto.Int(20, 1);
                break;
            case long number:
                proto.Int(3, number);
                proto.Int(20, 2);
                break;
            case string text:
                proto.String(4, text);
                proto.Int(20, 3);
                break;
            case long[] numbers:
                foreach (long number in numbers) proto.Int(8, number);
                proto.Int(20, 7);
                break;
        }
    }
}
