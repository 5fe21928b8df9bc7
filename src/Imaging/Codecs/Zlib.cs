using System.IO.Compression;

namespace LungSeg.Imaging.Codecs;

/// <summary>Deflated data with the header and the checksum of zlib (RFC 1950), as PNG and TIFF have them.</summary>
internal static class Zlib
{
    private const int HasDictionary = 0x20;

    /// <summary>
    /// Inflates what is in a stream from its start.
    /// </summary>
    /// <exception cref="InvalidDataException">The header wants a dictionary, which no format of images has.</exception>
    public static ZLibStream Inflate(MemoryStream data)
    {
        data.Position = 1;
        if (data.ReadByte() is >= 0 and var flags && (flags & HasDictionary) != 0)
            throw new InvalidDataException("its header wants a dictionary");
        data.Position = 0;
        return new ZLibStream(data, CompressionMode.Decompress, leaveOpen: true);
    }
}
