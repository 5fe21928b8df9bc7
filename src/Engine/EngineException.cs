using LungSeg.IO;

namespace LungSeg.Engine;

/// <summary>An error whose message is meant for the user: what was expected, what was found, where, and what to do.</summary>
public abstract class EngineException(string message, Exception? inner = null) : LungSegException(message, inner);

/// <summary>A tensor's shape does not fit the operation that reads it.</summary>
public sealed class ShapeException(string message) : EngineException(message);

/// <summary>A backend or device cannot do what was asked of it.</summary>
public sealed class DeviceException(string message, Exception? inner = null) : EngineException(message, inner);
