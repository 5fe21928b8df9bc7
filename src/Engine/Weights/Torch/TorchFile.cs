namespace LungSeg.Engine.Weights.Torch;

/// <summary>What <c>torch.load</c> would return, and how it was stored.</summary>
internal sealed record TorchFile(object? Root, string Format);
