namespace LungSeg.PtxInterpreter.Execution;

/// <summary>
/// Where lanes that part at a branch come together again: at its immediate post-dominator, the first step that every way to the
/// program's end passes.
/// </summary>
internal static class PostDominators
{
    /// <summary>The immediate post-dominator of each step; the program's length stands for its end.</summary>
    public static int[] Of(IReadOnlyList<Step> steps)
    {
        int end = steps.Count;
        int[][] successors = [.. Enumerable.Range(0, end).Select(i => Successors(steps, i))];
        var immediate = new int[end + 1];
        Array.Fill(immediate, -1);
        immediate[end] = end;
        // Numbered so that a step's number is above its successors' on the way back from the end.
        (int[] order, int[] number) = BackwardOrder(successors, end);
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (int step in order)
            {
                int meeting = -1;
                foreach (int successor in successors[step])
                {
                    if (immediate[successor] < 0) continue;
                    meeting = meeting < 0 ? successor : Meet(meeting, successor);
                }
                if (meeting >= 0 && immediate[step] != meeting)
                {
                    immediate[step] = meeting;
                    changed = true;
                }
            }
        }
        return immediate;

        int Meet(int a, int b)
        {
            while (a != b)
            {
                while (number[a] < number[b]) a = immediate[a];
                while (number[b] < number[a]) b = immediate[b];
            }
            return a;
        }
    }

    private static int[] Successors(IReadOnlyList<Step> steps, int index)
    {
        Step step = steps[index];
        bool always = step.Guard < 0;
        return step.Kind switch
        {
            StepKind.Branch when always => [step.Target],
            StepKind.Branch => [index + 1, step.Target],
            StepKind.Exit when always => [steps.Count],
            StepKind.Exit => [index + 1, steps.Count],
            _ => [index + 1],
        };
    }

    // Reverse post-order of the reversed graph from the end; numbers fall along it.
    private static (int[] Order, int[] Number) BackwardOrder(int[][] successors, int end)
    {
        var predecessors = new List<int>[end + 1];
        for (int i = 0; i <= end; i++) predecessors[i] = [];
        for (int i = 0; i < end; i++)
        {
            foreach (int successor in successors[i]) predecessors[successor].Add(i);
        }
        var number = new int[end + 1];
        Array.Fill(number, -1);
        var seen = new bool[end + 1];
        var postOrder = new List<int>(end + 1);
        var pending = new Stack<(int Step, int Next)>();
        pending.Push((end, 0));
        seen[end] = true;
        while (pending.TryPop(out (int Step, int Next) top))
        {
            if (top.Next < predecessors[top.Step].Count)
            {
                pending.Push((top.Step, top.Next + 1));
                int predecessor = predecessors[top.Step][top.Next];
                if (!seen[predecessor])
                {
                    seen[predecessor] = true;
                    pending.Push((predecessor, 0));
                }
            }
            else
            {
                number[top.Step] = postOrder.Count;
                postOrder.Add(top.Step);
            }
        }
        postOrder.Reverse();
        return ([.. postOrder.Where(step => step != end)], number);
    }
}
