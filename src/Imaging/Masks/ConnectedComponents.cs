namespace LungSeg.Imaging.Masks;

/// <summary>A connected part of a mask. The box's far sides are exclusive.</summary>
public readonly record struct Component(int Label, int Area, int Left, int Top, int Right, int Bottom, double CenterX, double CenterY);

/// <summary>
/// Connected parts by union-find over the runs of each row. Labels start at 1 in the order of each part's first pixel.
/// </summary>
internal sealed class ConnectedComponents
{
    private readonly int _width, _height;
    private readonly List<Run> _runs;
    private readonly int[] _labelOfRun;

    private ConnectedComponents(int width, int height, List<Run> runs, int[] labelOfRun, Component[] components) =>
        (_width, _height, _runs, _labelOfRun, Components) = (width, height, runs, labelOfRun, components);

    /// <summary>The parts, by label: the part with label n stands at n - 1.</summary>
    public IReadOnlyList<Component> Components { get; }

    /// <summary>Finds the lung's parts; pixels that touch by a side or a corner belong together.</summary>
    public static ConnectedComponents Of(LungMask mask) => Of(mask.Pixels, mask.Width, mask.Height, 1, diagonal: true);

    /// <summary>Height x width labels; 0 is background.</summary>
    public int[] ToLabels()
    {
        int[] labels = new int[_width * _height];
        for (int i = 0; i < _runs.Count; i++)
            labels.AsSpan(_runs[i].Y * _width + _runs[i].Start, _runs[i].End - _runs[i].Start).Fill(_labelOfRun[i]);
        return labels;
    }

    /// <summary>
    /// Gives the pixels of each part the value of its label, the value for label n standing at n - 1; null leaves them as they are.
    /// </summary>
    internal void Paint(Span<byte> pixels, ReadOnlySpan<byte?> values)
    {
        for (int i = 0; i < _runs.Count; i++)
            if (values[_labelOfRun[i] - 1] is { } value)
                pixels.Slice(_runs[i].Y * _width + _runs[i].Start, _runs[i].End - _runs[i].Start).Fill(value);
    }

    /// <summary>Finds the parts of the pixels that equal <paramref name="value"/>.</summary>
    internal static ConnectedComponents Of(ReadOnlySpan<byte> pixels, int width, int height, byte value, bool diagonal)
    {
        List<Run> runs = FindRuns(pixels, width, height, value);
        int[] parent = Join(runs, diagonal ? 1 : 0);
        List<Totals> totals = [];
        int[] labelOfRun = new int[runs.Count];
        for (int i = 0; i < runs.Count; i++)
        {
            // A root comes before what it is the root of.
            int root = Find(parent, i);
            if (root == i)
                totals.Add(new Totals());
            labelOfRun[i] = root == i ? totals.Count : labelOfRun[root];
            totals[labelOfRun[i] - 1].Add(runs[i]);
        }
        return new ConnectedComponents(width, height, runs, labelOfRun, [.. totals.Select((t, i) => t.ToComponent(i + 1))]);
    }

    private readonly record struct Run(int Y, int Start, int End);

    private static List<Run> FindRuns(ReadOnlySpan<byte> pixels, int width, int height, byte value)
    {
        List<Run> runs = [];
        for (int y = 0; y < height; y++)
        {
            ReadOnlySpan<byte> row = pixels.Slice(y * width, width);
            for (int x = 0; x < width;)
            {
                int start = row[x..].IndexOf(value);
                if (start < 0)
                    break;
                start += x;
                int length = row[start..].IndexOfAnyExcept(value);
                x = length < 0 ? width : start + length;
                runs.Add(new Run(y, start, x));
            }
        }
        return runs;
    }

    /// <summary>Joins runs of neighbouring rows that overlap, or come as near as <paramref name="reach"/>.</summary>
    private static int[] Join(List<Run> runs, int reach)
    {
        int[] parent = new int[runs.Count];
        for (int i = 0, above = 0; i < runs.Count; i++)
        {
            parent[i] = i;
            Run run = runs[i];
            while (above < i && (runs[above].Y < run.Y - 1 || runs[above].Y == run.Y - 1 && runs[above].End + reach <= run.Start))
                above++;
            for (int k = above; k < i && runs[k].Y == run.Y - 1 && runs[k].Start < run.End + reach; k++)
            {
                (int a, int b) = (Find(parent, i), Find(parent, k));
                parent[Math.Max(a, b)] = Math.Min(a, b);
            }
        }
        return parent;
    }

    private static int Find(int[] parent, int i)
    {
        while (parent[i] != i)
            i = parent[i] = parent[parent[i]];
        return i;
    }

    private sealed class Totals
    {
        private int _area, _left = int.MaxValue, _top = int.MaxValue, _right, _bottom;
        private double _x, _y;

        public void Add(Run run)
        {
            int length = run.End - run.Start;
            _area += length;
            _x += length * (run.Start + run.End - 1) / 2.0;
            _y += (double)length * run.Y;
            (_left, _right) = (Math.Min(_left, run.Start), Math.Max(_right, run.End));
            (_top, _bottom) = (Math.Min(_top, run.Y), Math.Max(_bottom, run.Y + 1));
        }

        public Component ToComponent(int label) => new(label, _area, _left, _top, _right, _bottom, _x / _area, _y / _area);
    }
}
