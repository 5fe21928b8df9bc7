namespace LungSeg.Imaging.Codecs;

/// <summary>One file format: told by its signature, never by a file name's extension.</summary>
internal interface IImageDecoder
{
    /// <summary>The format's name as users know it.</summary>
    string Format { get; }

    /// <summary>Whether the file's first bytes are this format's.</summary>
    bool Recognizes(ReadOnlySpan<byte> file);

    /// <summary>Decodes the whole file; anything but a complete, sound image is an <see cref="ImageException"/>.</summary>
    Radiograph Decode(byte[] file);
}
