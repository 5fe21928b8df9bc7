using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Weights;

namespace LungSeg.Cli;

/// <summary>A small network on a GPU, compared with the reference: whether the driver takes the kernels and they compute.</summary>
internal static class DeviceTrial
{
    /// <summary>What is wrong; null if nothing is.</summary>
    public static string? FaultOf(CudaBackend gpu)
    {
        var weights = new WeightScope(new SyntheticWeights("trial"));
        Graph graph = Graph.Record(new Shape(1, 3, 24, 24), x =>
        {
            Tensor y = new Engine.Nn.Conv2d(weights["stem"], 3, 24, 3, stride: 2, padding: 1).Forward(x).SiLU();
            y = new Engine.Nn.Conv2d(weights["depthwise"], 24, 24, 3, padding: 1, groups: 24).Forward(y).ReLU();
            y = new Engine.Nn.Conv2d(weights["body"], 24, 40, 3, padding: 1).Forward(y).ReLU();
            return new Engine.Nn.Conv2d(weights["head"], 40, 1, 3, padding: 1).Forward(y).UpsampleBilinear(2, true).Sigmoid();
        });
        float[] input = SyntheticWeights.Input("trial", "", 1, 24, 24);
        try
        {
            using Model model = gpu.Load(graph);
            using Plan plan = model.Plan(1, 24, 24);
            plan.Input.CopyFrom(input);
            plan.Execute();
            float[] actual = plan.Output.ToArray();
            (float[] values, float[] bounds) = ErrorBound.Of(graph, input, Arithmetic.Of(gpu.Precision))[0];
            for (int i = 0; i < actual.Length; i++)
            {
                if (!(Math.Abs((double)actual[i] - values[i]) <= bounds[i])) return $"{gpu.Description} computes wrongly: {actual[i]} where {values[i]} is right";
            }
            return null;
        }
        catch (DeviceException e)
        {
            return e.Message;
        }
    }
}
