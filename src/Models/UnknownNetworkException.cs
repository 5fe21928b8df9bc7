using LungSeg.Engine;

namespace LungSeg.Models;

/// <summary>A network was asked for by a key that none of the nine has.</summary>
public sealed class UnknownNetworkException(string message) : EngineException(message);
