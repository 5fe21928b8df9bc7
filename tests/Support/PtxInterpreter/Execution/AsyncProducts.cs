using LungSeg.PtxInterpreter.Operations;

namespace LungSeg.PtxInterpreter.Execution;

/// <summary>One warp's part of a product of the tensor cores: the registers of its sums, and its rows' and columns' pieces.</summary>
internal sealed record AsyncProduct(int[] Sums, uint[][] Rows, uint[][] Columns);

/// <summary>
/// wgmma of one warp: products that have begun are computed only when their group is waited for, as late as a GPU may. While any
/// is under way, the registers of the sums hold not-a-number, and their values wait here.
/// </summary>
internal sealed unsafe class AsyncProducts
{
    private readonly Queue<List<AsyncProduct>> _groups = new();
    private List<AsyncProduct> _open = [];
    private int[] _sums = [];
    private float[]? _values;

    /// <summary>Whether a fence stands before the next product.</summary>
    public bool IsFenced { get; set; }

    /// <summary>Whether products have begun that nothing has waited for.</summary>
    public bool IsUnderWay => _values is not null;

    /// <summary>Products begun so far.</summary>
    public int Begun { get; private set; }

    public void Clear()
    {
        _groups.Clear();
        _open = [];
        _values = null;
        IsFenced = false;
        Begun = 0;
    }

    public void Begin(AsyncProduct product, Warp warp)
    {
        if (_values is not null && !product.Sums.AsSpan().SequenceEqual(_sums))
            throw warp.Fault("the interpreter knows one set of sums at a time");
        _sums = product.Sums;
        if (_values is null)
        {
            _values = new float[product.Sums.Length * Lanes.Count];
            for (int i = 0; i < _values.Length; i++)
            {
                ref float register = ref ((float*)(warp.Registers + product.Sums[i / Lanes.Count]))[i % Lanes.Count];
                _values[i] = register;
                register = float.NaN;
            }
        }
        _open.Add(product);
        Begun++;
    }

    public void Commit()
    {
        _groups.Enqueue(_open);
        _open = [];
        IsFenced = false;
    }

    public void WaitFor(int groupsLeft, Warp warp)
    {
        AsyncProduct? last = null;
        while (_groups.Count > groupsLeft)
        {
            foreach (AsyncProduct product in _groups.Dequeue())
            {
                Finish(product, warp);
                last = product;
            }
        }
        if (last is null || _open.Count > 0 || _groups.Any(group => group.Count > 0)) return;
        for (int i = 0; i < _values!.Length; i++) ((float*)(warp.Registers + last.Sums[i / Lanes.Count]))[i % Lanes.Count] = _values[i];
        _values = null;
    }

    private void Finish(AsyncProduct product, Warp warp)
    {
        float[][] rows = Read(product.Rows, warp), columns = Read(product.Columns, warp);
        // As mma.sync's sums, 8 columns after 8 columns.
        for (int register = 0; register < product.Sums.Length; register++)
        {
            for (int lane = 0; lane < Lanes.Count; lane++)
            {
                int row = (lane / 4) + (register % 4 / 2 * 8), column = (register / 4 * 8) + (lane % 4 * 2) + (register % 2);
                ref float value = ref _values![(register * Lanes.Count) + lane];
                value = TensorSum.Add(value, rows[row], columns[column]);
            }
        }
    }

    private static float[][] Read(uint[][] matrix, Warp warp)
    {
        var values = new float[matrix.Length][];
        for (int row = 0; row < matrix.Length; row++)
        {
            values[row] = new float[matrix[row].Length * 8];
            for (int piece = 0; piece < matrix[row].Length; piece++)
            {
                var halves = (Half*)(warp.Block.Shared.Data + matrix[row][piece]);
                for (int i = 0; i < 8; i++) values[row][(piece * 8) + i] = (float)halves[i];
                warp.Block.Shared.EndProduct(matrix[row][piece], MatrixDescriptor.PieceBytes);
            }
        }
        return values;
    }
}
