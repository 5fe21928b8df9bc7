namespace LungSeg.CudaStub;

/// <summary>A kernel launch as the driver was asked for it, its parameters copied.</summary>
internal sealed record StubLaunch(
    StubModule Module, string Entry, (uint X, uint Y, uint Z) Grid, (uint X, uint Y, uint Z) Block, uint DynamicSharedBytes,
    byte[] Parameters);
