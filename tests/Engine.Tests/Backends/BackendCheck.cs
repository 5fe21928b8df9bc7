using LungSeg.Engine.Backends.Reference;

namespace LungSeg.Engine.Tests.Backends;

/// <summary>Runs a case on a backend and compares each element of each output with the reference, within its own bound.</summary>
internal static class BackendCheck
{
    public static void Matches(IBackend backend, OpCase test, Arithmetic arithmetic)
    {
        using Model model = backend.Load(test.Graph, test.Options);
        Matches(model, test, test.Graph.Input.Shape, arithmetic);
    }

    /// <summary>The same for a model that is loaded already, at an input size of its own.</summary>
    public static void Matches(Model model, OpCase test, Shape input, Arithmetic arithmetic)
    {
        using Plan plan = model.Plan(input.N, input.H, input.W);
        Matches(plan, test, input, test.Input(input), arithmetic);
    }

    /// <summary>The same for a plan that exists already and an image of its own.</summary>
    public static void Matches(Plan plan, OpCase test, Shape input, float[] image, Arithmetic arithmetic)
    {
        Graph graph = test.Graph.WithInput(input).WithTaps(test.Options.Taps);
        plan.Input.CopyFrom(image);
        plan.Execute();

        IReadOnlyList<(Map Value, Map Bound)> expected = ErrorBound.Evaluate(graph, image, arithmetic);
        Assert.Equal(expected.Select(output => output.Value.Shape), plan.Outputs.Select(buffer => buffer.Shape));
        for (int output = 0; output < expected.Count; output++)
        {
            float[] actual = plan.Outputs[output].ToArray();
            (Map value, Map bound) = expected[output];
            for (int i = 0; i < actual.Length; i++)
            {
                // Written so that not-a-number fails.
                if (!(Math.Abs((double)actual[i] - value.Values[i]) <= bound.Values[i]))
                    Fail(test, graph.Outputs[output], i, value.Values[i], actual[i], bound.Values[i]);
            }
        }
    }

    private static void Fail(OpCase test, Tensor output, int index, float expected, float actual, float bound)
    {
        (int row, int w) = Math.DivRem(index, output.Shape.W);
        (row, int h) = Math.DivRem(row, output.Shape.H);
        (int n, int c) = Math.DivRem(row, output.Shape.C);
        Assert.Fail($"{test}: {output} at n {n} c {c} h {h} w {w}: expected {expected:R} within {bound:G3}, found {actual:R} (off by "
            + $"{Math.Abs((double)actual - expected):G3})");
    }
}
