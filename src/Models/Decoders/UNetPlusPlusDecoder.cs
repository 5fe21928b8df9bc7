using LungSeg.Engine;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Decoders;

/// <summary>
/// U-Net++ (Zhou et al. 2018, arXiv:1807.10165): a triangle of blocks. Block x_d_l upsamples the block before it on its row
/// d and joins all blocks of its column l below it and the encoder's feature map.
/// </summary>
internal sealed class UNetPlusPlusDecoder : Decoder
{
    // [d, l] is x_d_l.
    private readonly UNetBlock[,] _blocks;
    private readonly UNetBlock _last;
    private readonly int _depth;

    public UNetPlusPlusDecoder(WeightScope w, IReadOnlyList<int> channels, NetworkOptions options, bool hasCenter)
        : base(w, Widths(channels, options)[^1])
    {
        IReadOnlyList<int> widths = Widths(channels, options);
        WeightScope blocks = w["blocks"];
        _depth = widths.Count - 1;
        _blocks = new UNetBlock[_depth, _depth];
        // The library builds VGG's center, and never runs it.
        if (hasCenter) _ = new UNetCenter(w["center"], channels[^1], options.DecoderNorm);
        for (int l = 0; l < _depth; l++)
        {
            int skip = channels[^(l + 2)], below = channels[^(l + 1)];
            // Only row 0, which leads to the output, has the decoder's own widths; the others keep their feature map's.
            _blocks[0, l] = new UNetBlock(blocks[$"x_0_{l}"], l == 0 ? below : widths[l - 1], skip * (l + 1), widths[l], options);
            for (int d = 1; d <= l; d++)
                _blocks[d, l] = new UNetBlock(blocks[$"x_{d}_{l}"], below, skip * (l + 1 - d), skip, options);
        }
        _last = new UNetBlock(blocks[$"x_0_{_depth}"], widths[_depth - 1], 0, widths[_depth], options);
    }

    protected override Tensor Compute(IReadOnlyList<Tensor> features)
    {
        var x = new Tensor[_depth, _depth];
        for (int diagonal = 0; diagonal < _depth; diagonal++)
        {
            for (int d = 0; d + diagonal < _depth; d++)
            {
                int l = d + diagonal;
                Tensor before = diagonal == 0 ? features[^(l + 1)] : x[d, l - 1];
                Tensor[] column = [.. Enumerable.Range(d + 1, diagonal).Select(below => x[below, l]), features[^(l + 2)]];
                Tensor skip = column.Length == 1 ? column[0] : Tensor.Cat(column[0], column.AsSpan(1));
                x[d, l] = _blocks[d, l].Forward(before, skip);
            }
        }
        return _last.Forward(x[0, _depth - 1], skip: null);
    }
}
