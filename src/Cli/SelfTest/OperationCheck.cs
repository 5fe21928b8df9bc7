using System.Text.Json;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Reference;

namespace LungSeg.Cli.SelfTest;

/// <summary>What cases of one kind came to.</summary>
/// <param name="Name">The operation, or the kernel that had to compute it.</param>
/// <param name="Cases">How many were run.</param>
/// <param name="Worst">The largest error as a share of what rounding can explain; over 1 is wrong.</param>
/// <param name="Fault">The first case that did not hold, and how; null if all did.</param>
/// <param name="Broken">Whether the device failed, rather than computed wrongly.</param>
internal sealed record OperationResult(string Name, int Cases, double Worst, string? Fault, bool Broken = false)
{
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("name", Name);
        json.WriteNumber("cases", Cases);
        Json.Number(json, "worst_share_of_bound", Worst);
        if (Fault is { } fault) json.WriteString("fault", fault);
        json.WriteEndObject();
    }

    public static OperationResult Read(JsonElement json) => new(
        json.GetProperty("name").GetString()!, json.GetProperty("cases").GetInt32(), Json.Number(json.GetProperty("worst_share_of_bound")),
        json.TryGetProperty("fault", out JsonElement fault) ? fault.GetString() : null);
}

/// <summary>
/// Runs cases on a backend and on the reference. Each element has a bound of its own, from an error analysis that runs beside the
/// reference; a second run must give the same bits.
/// </summary>
internal static class OperationCheck
{
    public static OperationResult Run(string name, IEnumerable<OperationCase> cases, IBackend backend, Arithmetic arithmetic)
    {
        int count = 0;
        double worst = 0;
        string? fault = null;
        bool broken = false;
        foreach (OperationCase test in cases)
        {
            count++;
            (double share, string? found, broken) = Run(test, backend, arithmetic);
            worst = Math.Max(worst, share);
            fault ??= found is null ? null : $"{test.Description}: {found}";
            // What a device answers once it has failed says nothing.
            if (broken) break;
        }
        return new OperationResult(name, count, worst, fault, broken);
    }

    private static (double Share, string? Fault, bool Broken) Run(OperationCase test, IBackend backend, Arithmetic arithmetic)
    {
        try
        {
            Shape shape = test.Graph.Input.Shape;
            using Model model = backend.Load(test.Graph);
            using Plan plan = model.Plan(shape.N, shape.H, shape.W);
            float[] input = test.Input(shape);
            plan.Input.CopyFrom(input);
            plan.Execute();
            float[] actual = plan.Output.ToArray();
            plan.Execute();
            bool same = plan.Output.ToArray().AsSpan().SequenceEqual(actual);
            (float[] values, float[] bounds) = ErrorBound.Of(test.Graph, input, arithmetic)[0];
            double worst = 0;
            string? fault = null;
            for (int i = 0; i < actual.Length; i++)
            {
                double error = Math.Abs((double)actual[i] - values[i]), share = error == 0 ? 0 : error / bounds[i];
                // Not-a-number is infinitely far off.
                if (double.IsNaN(share)) share = double.PositiveInfinity;
                if (share > 1) fault ??= $"element {i} is {actual[i]:R}, {values[i]:R} is right within {bounds[i]:G3}";
                worst = Math.Max(worst, share);
            }
            return (worst, fault ?? (same ? null : "a second run gave other bits"), false);
        }
        catch (EngineException e)
        {
            return (double.PositiveInfinity, e.Message, e is DeviceException);
        }
    }
}
