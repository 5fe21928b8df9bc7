using LungSeg.Engine;
using LungSeg.Engine.Weights;

namespace LungSeg.Benchmarks.Onnx;

/// <summary>An ONNX model that grows node by node; field numbers are those of onnx.proto3.</summary>
internal sealed class OnnxModel
{
    private const int IrVersion = 8, Opset = 17;
    private const int FloatType = 1, Int64Type = 7;
    private const string InputName = "input";
    private readonly ProtoWriter _proto;
    private readonly Dictionary<Parameter, string> _parameters = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal) { "", InputName };

    private OnnxModel(ProtoWriter proto) => _proto = proto;

    /// <summary>Writes a model with one float32 input; <paramref name="body"/> adds the nodes and returns the output's name.</summary>
    public static byte[] Write(Shape input, Shape output, Func<OnnxModel, string, string> body)
    {
        using var proto = new ProtoWriter();
        var model = new OnnxModel(proto);
        proto.Int(1, IrVersion);
        proto.String(2, "LungSeg");
        proto.Message(8, () => proto.Int(2, Opset));
        proto.Message(7, () =>
        {
            proto.String(2, "network");
            string result = body(model, InputName);
            model.Value(11, InputName, input);
            model.Value(12, result, output);
        });
        return proto.ToArray();
    }

    /// <summary>Adds a node of one output and returns the output's name.</summary>
    public string Node(string op, string path, IReadOnlyList<string> inputs, params ReadOnlySpan<OnnxAttribute> attributes)
    {
        string output = Unique(path);
        OnnxAttribute[] all = attributes.ToArray();
        _proto.Message(1, () =>
        {
            foreach (string input in inputs) _proto.String(1, input);
            _proto.String(2, output);
            _proto.String(3, output);
            _proto.String(4, op);
            foreach (OnnxAttribute attribute in all) _proto.Message(5, () => attribute.Write(_proto));
        });
        return output;
    }

    /// <summary>A weight by its key, stored once however often it is read; <paramref name="dims"/> may view it in another shape.</summary>
    public string Weight(Parameter parameter, params long[] dims)
    {
        if (_parameters.TryGetValue(parameter, out string? name)) return name;
        return _parameters[parameter] = Initializer<float>(
            parameter.Key, FloatType, dims.Length > 0 ? dims : [.. parameter.Dims.Select(dim => (long)dim)], parameter.Read());
    }

    /// <summary>A constant vector of float32.</summary>
    public string Floats(string path, params float[] values) => Initializer<float>(path, FloatType, [values.Length], values);

    /// <summary>A constant of float32 without dimensions.</summary>
    public string Scalar(string path, float value) => Initializer<float>(path, FloatType, [], [value]);

    /// <summary>A constant vector of int64, such as a shape.</summary>
    public string Ints(string path, params long[] values) => Initializer<long>(path, Int64Type, [values.Length], values);

    private string Initializer<T>(string path, int type, long[] dims, ReadOnlySpan<T> values) where T : unmanaged
    {
        string name = Unique(path);
        T[] data = values.ToArray();
        _proto.Message(5, () =>
        {
            foreach (long dim in dims) _proto.Int(1, dim);
            _proto.Int(2, type);
            _proto.String(8, name);
            _proto.Raw<T>(9, data);
        });
        return name;
    }

    private void Value(int field, string name, Shape shape) => _proto.Message(field, () =>
    {
        _proto.String(1, name);
        _proto.Message(2, () => _proto.Message(1, () =>
        {
            _proto.Int(1, FloatType);
            _proto.Message(2, () =>
            {
                foreach (int dim in (ReadOnlySpan<int>)[shape.N, shape.C, shape.H, shape.W]) _proto.Message(1, () => _proto.Int(1, dim));
            });
        }));
    });

    private string Unique(string path)
    {
        string name = path;
        for (int i = 2; !_names.Add(name); i++) name = $"{path}#{i}";
        return name;
    }
}
