namespace LungSeg.Benchmarks.Peers;

/// <summary>A network, ready to run on one input.</summary>
internal interface IRunner : IDisposable
{
    /// <summary>The result of the last run, N x C x H x W.</summary>
    float[] Output { get; }

    /// <summary>Runs once, from a float32 NCHW array to a float32 NCHW array that both exist beforehand.</summary>
    void Run();
}
