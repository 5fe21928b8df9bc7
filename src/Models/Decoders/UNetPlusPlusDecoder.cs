using LungSeg.Engine;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Decoders;

/// <summary>
/// U-Net++ (Zhou et al. 2018, arXiv:1807.10165): a triangle of blocks. Block x_d_l upsamples the block before it on its row
/// d and joins all blocks of its column l below it and the encoder's feature map.
/// </summary>
internal sealed class UNetPlusPlusDecoder : Decoder
{
    private const int Depth = 4;
    private static readonly int[] Widths = [256, 128, 64, 32, 16];

    // [d, l] is x_d_l.
    private readonly UNetBlock[,] _blocks = new UNetBlock[Depth, Depth];
    private readonly UNetBlock _last;

    public UNetPlusPlusDecoder(WeightScope w, IReadOnlyList<int> channels) : base(w, Widths[^1])
    {
        WeightScope blocks = w["blocks"];
        for (int l = 0; l < Depth; l++)
        {
            int skip = channels[^(l + 2)], below = channels[^(l + 1)];
            // Only row 0, which leads to the output, has the decoder's own widths; the others keep their feature map's.
            _blocks[0, l] = new UNetBlock(blocks[$"x_0_{l}"], l == 0 ? below : Widths[l - 1], skip * (l + 1), Widths[l]);
            for (int d = 1; d <= l; d++)
                _blocks[d, l] = new UNetBlock(blocks[$"x_{d}_{l}"], below, skip * (l + 1 - d), skip);
        }
        _last = new UNetBlock(blocks[$"x_0_{Depth}"], Widths[Depth - 1], 0, Widths[Depth]);
    }

    protected override Tensor Compute(IReadOnlyList<Tensor> features)
    {
        var x = new Tensor[Depth, Depth];
        for (int diagonal = 0; diagonal < Depth; diagonal++)
        {
            for (int d = 0; d + diagonal < Depth; d++)
            {
                int l = d + diagonal;
                Tensor before = diagonal == 0 ? features[^(l + 1)] : x[d, l - 1];
                Tensor[] column = [.. Enumerable.Range(d + 1, diagonal).Select(below => x[below, l]), features[^(l + 2)]];
                Tensor skip = column.Length == 1 ? column[0] : Tensor.Cat(column[0], column.AsSpan(1));
                x[d, l] = _blocks[d, l].Forward(before, skip);
            }
        }
        return _last.Forward(x[0, Depth - 1], skip: null);
    }
}
