namespace LungSeg.PtxInterpreter.Memory;

/// <summary>
/// Who touched a place of shared memory last. Two threads may touch it one after the other, one of them writing, if the block
/// passed a barrier in between, or, within a warp, if the warp synchronised.
/// </summary>
internal struct SharedCell
{
    private const short Several = -1;

    private int _writeEpoch;
    private int _readEpoch;
    private int _writeWarpEpoch;
    private int _readWarpEpoch;
    private short _writer;

    /// <summary>A thread, or Several.</summary>
    private short _reader;

    /// <summary>The warp of several readers, or Several.</summary>
    private short _readerWarp;
    private bool _written;
    private bool _copying;

    /// <summary>Products under way that read here.</summary>
    private short _products;

    /// <summary>The writer's warp's fences towards the tensor cores when it wrote.</summary>
    private int _fences;

    public string? Read(int thread, int epoch, int warpEpoch)
    {
        if (_copying) return "reads what an asynchronous copy is still bringing (no wait for its group)";
        if (!_written) return "reads shared memory that nobody wrote";
        if (_writeEpoch == epoch && _writer != thread && !(_writer / 32 == thread / 32 && _writeWarpEpoch < warpEpoch))
            return $"races with thread {_writer}, which wrote here since the last barrier";
        int warp = thread / 32;
        if (_readEpoch != epoch) (_reader, _readerWarp) = ((short)thread, (short)warp);
        else if (_reader != thread) (_reader, _readerWarp) = (Several, _readerWarp == warp ? (short)warp : Several);
        (_readEpoch, _readWarpEpoch) = (epoch, warpEpoch);
        return null;
    }

    public string? Write(int thread, int epoch, int warpEpoch, int fences)
    {
        if (_copying) return "writes where an asynchronous copy is still writing";
        if (Conflict(thread, epoch, warpEpoch) is { } fault) return fault;
        (_writer, _writeEpoch, _writeWarpEpoch, _written, _fences) = ((short)thread, epoch, warpEpoch, true, fences);
        return null;
    }

    public string? Copy(int thread, int epoch, int warpEpoch, int fences, bool arrived)
    {
        if (!arrived && _copying) return "copies to where an asynchronous copy is still writing";
        if (Conflict(thread, epoch, warpEpoch) is { } fault) return fault;
        _copying = !arrived;
        if (arrived) (_writer, _writeEpoch, _writeWarpEpoch, _written, _fences) = ((short)thread, epoch, warpEpoch, true, fences);
        return null;
    }

    /// <summary>A product begins to read here: what it reads must have been shown to the tensor cores, behind a barrier.</summary>
    public string? BeginProduct(int epoch, Func<int, int> fencesOfWarp)
    {
        if (_copying) return "multiplies what an asynchronous copy is still bringing";
        if (!_written) return "multiplies shared memory that nobody wrote";
        if (fencesOfWarp(_writer / 32) <= _fences)
            return $"multiplies what thread {_writer} wrote and did not show to the tensor cores (no fence.proxy.async)";
        if (_writeEpoch == epoch) return $"multiplies what thread {_writer} wrote since the last barrier";
        _products++;
        return null;
    }

    public void EndProduct() => _products--;

    private readonly string? Conflict(int thread, int epoch, int warpEpoch)
    {
        int warp = thread / 32;
        if (_products > 0) return "overwrites what a product of the tensor cores is still reading";
        if (_written && _writeEpoch == epoch && _writer != thread && !(_writer / 32 == warp && _writeWarpEpoch < warpEpoch))
            return $"races with thread {_writer}, which wrote here since the last barrier";
        if (_readEpoch == epoch && _reader != thread && !(_readerWarp == warp && _readWarpEpoch < warpEpoch))
            return $"races with {(_reader == Several ? "several threads" : $"thread {_reader}")}, which read here since the last barrier";
        return null;
    }
}
