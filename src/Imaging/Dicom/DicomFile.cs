using System.IO.Compression;

namespace LungSeg.Imaging.Dicom;

/// <summary>
/// A file taken apart: the bytes that the data set's offsets refer to (inflated where the file was deflated), its data set and
/// transfer syntax.
/// </summary>
internal sealed record DicomFile(byte[] Bytes, DataSet DataSet, TransferSyntax Syntax)
{
    private const int Preamble = 128, Signature = 4;
    private const long MaximumBytes = 1L << 30;
    private const string Directory = "1.2.840.10008.1.3.10";

    /// <summary>Whether the bytes are a DICOM file, or a bare data set that is evidently DICOM's.</summary>
    public static bool Recognizes(ReadOnlySpan<byte> file) => HasSignature(file) || EvidentSyntax(file) is not null;

    public static DicomFile Read(byte[] file, DecisionLog log)
    {
        int at = HasSignature(file) ? Preamble + Signature : 0;
        if (at == 0)
            log.Warn("file", "no DICOM preamble; read as a bare data set");
        DataSet meta = new DataSetReader(file, isExplicit: true, bigEndian: false).ReadMeta(ref at);
        if (meta.Text(Tags.MediaStorageSopClassUid) == Directory)
            throw new ImageException("the file is a DICOMDIR, an index of other files and not an image; name the image files or their folder");
        if (at == file.Length)
            throw new ImageException("the DICOM file is truncated: it ends before its data set");
        TransferSyntax syntax = FindSyntax(meta, file.AsSpan(at), log);
        if (syntax.Deflated)
            (file, at) = (Inflate(file, at), 0);
        syntax = CheckVr(syntax, file.AsSpan(at), log);
        log.Note("transfer syntax", $"{syntax.Name} ({ImagePixel.Printable(syntax.Uid)})");
        DataSet dataSet = new DataSetReader(file, syntax.IsExplicit, syntax.BigEndian).Read(at);
        return new DicomFile(file, dataSet, syntax);
    }

    private static bool HasSignature(ReadOnlySpan<byte> file) => file.Length >= Preamble + Signature && file[Preamble..].StartsWith("DICM"u8);

    private static TransferSyntax FindSyntax(DataSet meta, ReadOnlySpan<byte> dataSet, DecisionLog log)
    {
        if (meta.Text(Tags.TransferSyntaxUid) is { Length: > 0 } uid)
            return TransferSyntax.Of(uid);
        TransferSyntax found = EvidentSyntax(dataSet)
            ?? throw new ImageException($"the DICOM file lacks {Tags.Describe(Tags.TransferSyntaxUid)}, and its data set does not show how it is written");
        log.Warn("transfer syntax", $"the file names none; {found.Name} was recognized");
        return found;
    }

    /// <summary>The syntax that a data set's first element shows; null where it is no data set that starts with group 0002 or 0008.</summary>
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

    /// <summary>Files are found in the field whose data set is not in the VR that their meta header names; the first element tells.</summary>
    private static TransferSyntax CheckVr(TransferSyntax syntax, ReadOnlySpan<byte> dataSet, DecisionLog log)
    {
        if (syntax.BigEndian || dataSet.Length < 8 || dataSet is not [8, 0, ..] || DataSetReader.IsVr(dataSet[4..6]) == syntax.IsExplicit)
            return syntax;
        log.Warn("transfer syntax", $"the file names {syntax.Name}, but its data set is in {(syntax.IsExplicit ? "implicit" : "explicit")} VR; read as such");
        return syntax with { IsExplicit = !syntax.IsExplicit };
    }

    private static byte[] Inflate(byte[] file, int at)
    {
        using DeflateStream source = new(new MemoryStream(file, at, file.Length - at), CompressionMode.Decompress);
        using MemoryStream target = new();
        byte[] buffer = new byte[1 << 16];
        try
        {
            for (int read; (read = source.Read(buffer)) > 0;)
            {
                if (target.Length + read > MaximumBytes)
                    throw new ImageException($"the DICOM file inflates to more than {MaximumBytes >> 20} MiB");
                target.Write(buffer, 0, read);
            }
        }
        catch (InvalidDataException e)
        {
            throw new ImageException("the DICOM file is damaged: its deflated data set cannot be inflated", e);
        }
        return target.ToArray();
    }
}
