using LungSeg.IO;

namespace LungSeg.Imaging;

/// <summary>An image cannot be decoded or used. The message is one line meant for the user.</summary>
public sealed class ImageException(string message, Exception? inner = null) : LungSegException(message, inner)
{
    /// <summary>What a reader had found and chosen before it refused the file.</summary>
    public IReadOnlyList<Decision> Decisions { get; init; } = [];
}
