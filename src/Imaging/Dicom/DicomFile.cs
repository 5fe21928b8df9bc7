using System.IO.Compression;

namespace LungSeg.Imaging.Dicom;

/// <summary>
/// A file taken apart: the bytes that the data set's offsets refer to (inflated where the file was deflated), its data set, its meta
/// information (group 0002) and transfer syntax.
/// </summary>
internal sealed record DicomFile(byte[] Bytes, DataSet DataSet, DataSet Meta, TransferSyntax Syntax)
{
    private const int Preamble = 128, Signature = 4;
    private const long MaximumBytes = 1L << 30, HeaderBytes = 16 << 20, MaxGain = 1032;

    /// <summary>Whether the bytes are a DICOM file, or a bare data set that is evidently DICOM's.</summary>
    public static bool Recognizes(ReadOnlySpan<byte> file) => HasSignature(file) || EvidentSyntax(file) is not null;

    public static DicomFile Read(byte[] file, DecisionLog log)
    {
        int at = HasSignature(file) ? Preamble + Signature : 0;
        if (at == 0)
            log.Warn("file", "no DICOM preamble; read as a bare data set");
        DataSet meta = new DataSetReader(file, isExplicit: true, bigEndian: false, log).ReadMeta(ref at);
        if (SopClass.IsDirectory(meta))
            throw new ImageException(
                "the file is a DICOMDIR, an index of other files and not an image; name the image files or their folder");
        if (at == file.Length)
            throw new ImageException("the DICOM file is truncated: it ends before its data set");
        TransferSyntax syntax = FindSyntax(meta, file.AsSpan(at), log);
        if (syntax.Deflated)
            (file, at) = (Inflate(file, at), 0);
        syntax = CheckVr(syntax, file.AsSpan(at), log);
        log.Note("transfer syntax", $"{syntax.Name} ({ImagePixel.Printable(syntax.Uid)})");
        DataSet dataSet = new DataSetReader(file, syntax.IsExplicit, syntax.BigEndian, log).Read(at);
        return new DicomFile(file, dataSet, meta, syntax);
    }

    /// <summary>
    /// What an object is that is no acquired image, by the first kilobytes of its file; null for an image and for what is no DICOM file.
    /// </summary>
    public static string? NoImage(byte[] start) => ReadStart(start) is (var data, var meta) ? SopClass.NoImage(data, meta) : null;

    /// <summary>
    /// The data set and meta information of a file by its first kilobytes, as far as they go; null for what is no DICOM file.
    /// </summary>
    public static (DataSet Data, DataSet Meta)? ReadStart(byte[] start)
    {
        if (!Recognizes(start))
            return null;
        DecisionLog log = new();
        DataSet meta = new(start, bigEndian: false), data = meta;
        try
        {
            int at = HasSignature(start) ? Preamble + Signature : 0;
            meta = new DataSetReader(start, isExplicit: true, bigEndian: false, log).ReadMeta(ref at);
            TransferSyntax syntax = FindSyntax(meta, start.AsSpan(at), log);
            if (syntax.Deflated)
            {
                using DeflateStream inflated = new(new MemoryStream(start, at, start.Length - at), CompressionMode.Decompress);
                start = new byte[start.Length];
                (start, at) = (start[..inflated.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)], 0);
            }
            syntax = CheckVr(syntax, start.AsSpan(at), log);
            data = new DataSet(start, syntax.BigEndian);
            new DataSetReader(start, syntax.IsExplicit, syntax.BigEndian, log).Read(at, data);
        }
        catch (Exception e) when (e is ImageException or InvalidDataException)
        {
            // The start of a file ends anywhere; what comes before tells.
        }
        return (data, meta);
    }

    private static bool HasSignature(ReadOnlySpan<byte> file) =>
        file.Length >= Preamble + Signature && file[Preamble..].StartsWith("DICM"u8);

    private static TransferSyntax FindSyntax(DataSet meta, ReadOnlySpan<byte> dataSet, DecisionLog log)
    {
        if (meta.Text(Tags.TransferSyntaxUid) is { Length: > 0 } uid)
            return TransferSyntax.Of(uid);
        TransferSyntax found = EvidentSyntax(dataSet)
            ?? throw new ImageException(
                $"the DICOM file lacks {Tags.Describe(Tags.TransferSyntaxUid)}, and its data set does not show how it is written");
        log.Warn("transfer syntax", $"the file names none; {found.Name} was recognized");
        return found;
    }

    /// <summary>
    /// The syntax that a data set's first element shows; null where it is no data set that starts with group 0002 or 0008.
    /// </summary>
    private static TransferSyntax? EvidentSyntax(ReadOnlySpan<byte> start)
    {
        if (start.Length < 16)
            return null;
        if (DataSetReader.IsVr(start[4..6]))
            return start switch
            {
                [2 or 8, 0, ..] => TransferSyntax.ExplicitLittleEndian,
                [0, 8, ..] => TransferSyntax.ExplicitBigEndian,
                _ => null,
            };
        if (start is not [8, 0, _, 0, _, 0, 0, 0, ..] || start[4] > start.Length - 12)
            return null;
        return start[(8 + start[4])..] is [8, 0, var element, 0, ..] && element > start[2] ? TransferSyntax.ImplicitLittleEndian : null;
    }

    /// <summary>
    /// Files are found in the field whose data set is not in the VR that their meta header names; the first element tells.
    /// </summary>
    private static TransferSyntax CheckVr(TransferSyntax syntax, ReadOnlySpan<byte> dataSet, DecisionLog log)
    {
        if (syntax.BigEndian || dataSet.Length < 8 || dataSet is not [8, 0, ..] || DataSetReader.IsVr(dataSet[4..6]) == syntax.IsExplicit)
            return syntax;
        log.Warn("transfer syntax",
            $"the file names {syntax.Name}, but its data set is in {(syntax.IsExplicit ? "implicit" : "explicit")} VR; read as such");
        return syntax with { IsExplicit = !syntax.IsExplicit };
    }

    /// <summary>
    /// Inflates a data set. One that is larger than any header is inflated no further than its header says that its pixels need, for a
    /// small file can hold gigabytes.
    /// </summary>
    private static byte[] Inflate(byte[] file, int at)
    {
        using DeflateStream source = new(new MemoryStream(file, at, file.Length - at), CompressionMode.Decompress);
        try
        {
            byte[] bytes = new byte[(int)Math.Min(HeaderBytes, MaxGain * (file.Length - at))];
            int count = source.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (count < bytes.Length || source.ReadByte() is not (>= 0 and var next))
                return bytes[..count];
            long maximum = HeaderBytes + PixelBytes(bytes);
            if (maximum > MaximumBytes)
                throw new ImageException($"the DICOM file inflates to more than {MaximumBytes >> 20} MiB");
            Array.Resize(ref bytes, (int)maximum);
            bytes[count++] = (byte)next;
            count += source.ReadAtLeast(bytes.AsSpan(count), bytes.Length - count, throwOnEndOfStream: false);
            return count < bytes.Length || source.ReadByte() < 0
                ? bytes[..count]
                : throw new ImageException(
                    $"the DICOM file is damaged: it inflates to more than the {maximum} bytes that its header and its pixels can need");
        }
        catch (InvalidDataException e)
        {
            throw new ImageException("the DICOM file is damaged: its deflated data set cannot be inflated", e);
        }
    }

    /// <summary>The bytes of the pixel data that the start of a data set describes.</summary>
    private static long PixelBytes(byte[] start)
    {
        var reader = new DataSetReader(start, isExplicit: true, bigEndian: false, new DecisionLog()) { MayEndInPixelData = true };
        DataSet header = reader.Read(0);
        if (header.Find(Tags.PixelData) is null)
            throw new ImageException($"the DICOM file is damaged: its data set inflates to {HeaderBytes >> 20} MiB without pixel data");
        return ImagePixel.Read(header, new DecisionLog()).NativeBytes;
    }
}
