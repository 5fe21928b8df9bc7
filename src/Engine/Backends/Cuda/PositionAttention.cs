using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>MA-Net's attention: scores with each row's greatest, exponentials with each row's sum, and the product over the map's sum.</summary>
internal sealed class PositionAttention(Tensor node, PrecisionKernels kernels) : Routine(node)
{
    private readonly KernelInfo _scores = kernels.One("attention_scores", node, node.Inputs[0].Shape.C == 1);
    private readonly KernelInfo _exponentials = kernels.Named("attention_exponentials", node);
    private readonly KernelInfo _product = kernels.One("attention_product", node, node.Shape.C == 1);
    private readonly int _pixels = node.Shape.H * node.Shape.W;

    public override long TemporaryBytes => Node.Shape.N * (ScoreFloats + (2L * _pixels)) * sizeof(float);

    private int ScoreStride => (_pixels + 3) / 4 * 4;

    private long ScoreFloats => (long)_pixels * ScoreStride;

    public override void Bind(Binder binder)
    {
        CudaMap output = binder[Node];
        int batch = output.Shape.N;
        long scores = (long)binder.Temporary(Node), greatest = scores + (batch * ScoreFloats * sizeof(float)), sums = greatest + ((long)batch * _pixels * sizeof(float));
        var parameters = new AttentionParameters
        {
            Top = binder[Node.Inputs[0]],
            Center = binder[Node.Inputs[1]],
            Bottom = binder[Node.Inputs[2]],
            Output = output,
            Scores = scores,
            Greatest = greatest,
            Sums = sums,
            ScoreStride = ScoreStride,
            Batch = batch,
        };
        long tiles = Tiles(_pixels, _scores.TileM);
        binder.Launch(Node, _scores, new Grid(tiles, tiles, batch), parameters);
        binder.Launch(Node, _exponentials, new Grid(_pixels, batch), parameters);
        binder.Launch(Node, _product, new Grid(Tiles(CudaMap.Padded(output.Shape.C), _product.TileN), Tiles(_pixels, _product.TileM), batch), parameters);
    }

    private static int Tiles(int size, int tile) => (size + tile - 1) / tile;
}
