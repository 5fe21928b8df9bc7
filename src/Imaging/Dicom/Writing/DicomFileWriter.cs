using System.Buffers.Binary;
using System.IO.Compression;
using LungSeg.Imaging.Dicom.Codecs;

namespace LungSeg.Imaging.Dicom.Writing;

/// <summary>
/// Writes a DICOM file (PS3.10): preamble, file meta information, and the data set in explicit VR little endian, deflated, or with its
/// pixel data in RLE.
/// </summary>
internal static class DicomFileWriter
{
    private const string Deflated = "1.2.840.10008.1.2.1.99", RunLengths = "1.2.840.10008.1.2.5";

    public static void Write(Stream stream, DerivedObject derived, DicomCompression compression)
    {
        byte[][]? frames = compression == DicomCompression.Rle ? Encode(derived.DataSet) : null;
        string syntax = frames is not null ? RunLengths
            : compression == DicomCompression.Deflated ? Deflated
            : TransferSyntax.ExplicitLittleEndian.Uid;
        WriteStart(stream, derived.SopClassUid, derived.SopInstanceUid, syntax);
        if (compression == DicomCompression.Deflated)
            stream.Write(Deflate(derived.DataSet));
        else
            derived.DataSet.Write(stream, frames);
    }

    /// <summary>Writes what stands before a data set in a file: preamble and meta information.</summary>
    public static void WriteStart(Stream stream, string sopClass, string sopInstance, string transferSyntax)
    {
        byte[] meta = new DataSetBuilder()
            .SetBytes(Attribute.FileMetaInformationVersion, [0, 1])
            .Set(Attribute.MediaStorageSopClassUid, sopClass)
            .Set(Attribute.MediaStorageSopInstanceUid, sopInstance)
            .Set(Attribute.TransferSyntaxUid, transferSyntax)
            .Set(Attribute.ImplementationClassUid, DicomUid.Implementation)
            .Set(Attribute.ImplementationVersionName, "LUNGSEG")
            .ToBytes();
        stream.Write(new byte[128]);
        stream.Write("DICM"u8);
        // The group's length is the first element of its group.
        byte[] length = [2, 0, 0, 0, (byte)'U', (byte)'L', 4, 0, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32LittleEndian(length.AsSpan(8), meta.Length);
        stream.Write(length);
        stream.Write(meta);
    }

    private static byte[] Deflate(DataSetBuilder dataSet)
    {
        using MemoryStream target = new();
        using (DeflateStream deflate = new(target, CompressionLevel.Optimal, leaveOpen: true))
            dataSet.Write(deflate);
        // An odd length is padded (PS3.5, A.5).
        if (target.Length % 2 != 0)
            target.WriteByte(0);
        return target.ToArray();
    }

    /// <summary>The frames in RLE; null where there are no pixels, or single bits, which RLE has no place for.</summary>
    private static byte[][]? Encode(DataSetBuilder dataSet)
    {
        if (dataSet.Bytes(Attribute.PixelDataBytes) is not { } pixels || dataSet.Number(Attribute.BitsAllocated) != 8)
            return null;
        int columns = dataSet.Number(Attribute.Columns), samples = dataSet.Number(Attribute.SamplesPerPixel);
        int size = columns * dataSet.Number(Attribute.Rows) * samples;
        byte[][] frames = new byte[pixels.Length / size][];
        for (int i = 0; i < frames.Length; i++)
            frames[i] = RunLengthEncoder.Encode(pixels.AsSpan(i * size, size), columns, samples);
        return frames;
    }
}
