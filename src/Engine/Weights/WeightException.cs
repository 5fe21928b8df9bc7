namespace LungSeg.Engine.Weights;

/// <summary>A network's weights are missing, left over or of another shape.</summary>
public sealed class WeightException(string message) : EngineException(message);

/// <summary>A checkpoint file cannot be read: damaged, hostile, or of a kind that is not supported.</summary>
public sealed class CheckpointException(string message, Exception? inner = null) : EngineException(message, inner);
