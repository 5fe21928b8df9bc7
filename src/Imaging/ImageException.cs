namespace LungSeg.Imaging;

/// <summary>A picture cannot be read, written or used. The message is one line meant for the user.</summary>
public sealed class ImageException(string message, Exception? inner = null) : Exception(message, inner);
