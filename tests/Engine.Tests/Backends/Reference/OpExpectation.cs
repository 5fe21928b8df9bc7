using System.Text.Json;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Tests.Weights;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Tests.Backends.Reference;

/// <summary>One case of tests/data/ops/ops.safetensors, which tools/make_op_expectations.py wrote with PyTorch.</summary>
internal sealed class OpExpectation(string name)
{
    private static readonly StateDict File = Safetensors.Read(Path.Combine(WeightData.Root, "tests", "data", "ops", "ops.safetensors"));
    private readonly JsonElement _case = JsonDocument.Parse(File.Metadata[name]).RootElement;

    public static IEnumerable<string> Names => File.Metadata.Keys;

    public Map Expected => Read("y")!;

    public string OpName => Text("op");

    public Map[] Inputs => [.. Enumerable.Range(0, 3).Select(i => Read($"x{i}")).OfType<Map>()];

    public Op Op => Text("op") switch
    {
        "conv2d" => new Conv2dOp(Weight("weight"), Find("bias"), Int("stride"), Padding, Int("dilation"), Int("groups"))
        {
            Residual = Bool("residual"),
            Activation = Activation("activation"),
        },
        "conv_transpose2d" => new ConvTranspose2dOp(Weight("weight"), Find("bias"), Int("stride"), Int("padding"))
        {
            Activation = Activation("activation"),
        },
        "batch_norm" => new BatchNormOp(Weight("weight"), Weight("bias"), Weight("running_mean"), Weight("running_var"), Eps)
        {
            Activation = Activation("activation"),
        },
        "group_norm" => new GroupNormOp(Weight("weight"), Weight("bias"), Int("groups"), Eps) { Activation = Activation("activation") },
        "activation" => new ActivationOp(Activation("function")),
        "max_pool2d" => new MaxPool2dOp(Int("kernel"), Int("stride"), Int("padding"), Bool("ceil_mode")),
        "adaptive_avg_pool2d" => new AdaptiveAvgPool2dOp(Int("output_size")),
        "upsample_nearest" => new UpsampleNearestOp(Int("scale")),
        "upsample_bilinear" => new UpsampleBilinearOp(Int("scale"), Bool("align_corners")) { Activation = Activation("activation") },
        "cat" => new ConcatOp(),
        "add" => new AddOp { Activation = Activation("activation") },
        "mul" => new MulOp { Activation = Activation("activation") },
        "position_attention" => new PositionAttentionOp(),
        string op => throw new InvalidDataException($"{name}: no operation '{op}'"),
    };

    private Padding Padding
    {
        get
        {
            int[] sides = [.. _case.GetProperty("padding").EnumerateArray().Select(side => side.GetInt32())];
            return new Padding(sides[0], sides[1], sides[2], sides[3]);
        }
    }

    private float Eps => _case.GetProperty("eps").GetSingle();

    private string Text(string key) => _case.GetProperty(key).GetString()!;

    private int Int(string key) => _case.GetProperty(key).GetInt32();

    private bool Bool(string key) => _case.GetProperty(key).GetBoolean();

    private Activation Activation(string key) => Enum.Parse<Activation>(Text(key));

    private Parameter Weight(string key) => Find(key) ?? throw new InvalidDataException($"{name}: no {key}");

    private Parameter? Find(string key) => File.TryGet($"{name}/{key}", out Parameter? parameter) ? parameter : null;

    private Map? Read(string key)
    {
        if (Find(key) is not { } parameter) return null;
        var map = new Map(new Shape(parameter.Dims[0], parameter.Dims[1], parameter.Dims[2], parameter.Dims[3]));
        parameter.Read().CopyTo(map.Values, 0);
        return map;
    }
}
