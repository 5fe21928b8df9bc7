namespace LungSeg.Imaging.Codecs;

/// <summary>Says what an unreadable file looks like, so that the error can name it.</summary>
internal static class FileKind
{
    public static string Describe(ReadOnlySpan<byte> file)
    {
        if (file.StartsWith("RIFF"u8) && file.Length >= 12 && file[8..].StartsWith("WEBP"u8))
            return "a WebP image, which is not supported; save it as PNG";
        if (file.StartsWith("\0\0\0\u000CJXL "u8) || file.StartsWith((ReadOnlySpan<byte>)[0xFF, 0x0A]))
            return "a JPEG XL image, which is not supported; save it as PNG";
        if (file.Length >= 12 && file[4..].StartsWith("ftyp"u8))
            return "a HEIF, AVIF or video file, which is not supported; save it as PNG";
        if (file.StartsWith("%PDF"u8))
            return "a PDF document; extract the image as PNG";
        if (file.StartsWith("PK\u0003\u0004"u8))
            return "a ZIP archive; unpack it first";
        if (file.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]))
            return "a gzip file; unpack it first";
        if (file.Length >= 348 && file[344..].StartsWith("n+1\0"u8))
            return "a NIfTI volume, which is not supported; save its image as PNG";
        if (file.StartsWith((ReadOnlySpan<byte>)[0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y']))
            return "a NumPy array; save it as PNG";
        if (LooksLikeText(file))
            return "a text file";
        return "no image format that is known here";
    }

    private static bool LooksLikeText(ReadOnlySpan<byte> file)
    {
        foreach (byte value in file[..Math.Min(file.Length, 512)])
            if (value < 32 && value is not ((byte)'\t' or (byte)'\n' or (byte)'\r' or 12))
                return false;
        return true;
    }
}
