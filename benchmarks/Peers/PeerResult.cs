namespace LungSeg.Benchmarks.Peers;

/// <summary>One network at one thread count and batch size; ours is missing where only the peer was asked for.</summary>
internal sealed record PeerResult(string Network, int Threads, int Batch, int Height, int Width, long Macs, Timing? Ours, Timing Peer)
{
    /// <summary>The peer's median over ours: above 1 we are faster.</summary>
    public double? Ratio => Peer.Median / Ours?.Median;

    public double Gflops(Timing timing) => 2e-6 * Macs / timing.Median;
}
