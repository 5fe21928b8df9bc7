using System.Buffers.Binary;

namespace LungSeg.Imaging.Dicom.Writing;

/// <summary>Writes a DICOM file (PS3.10): preamble, file meta information, data set in explicit VR little endian.</summary>
internal static class DicomFileWriter
{
    public static void Write(Stream stream, DerivedObject derived)
    {
        byte[] meta = new DataSetBuilder()
            .SetBytes(Attribute.FileMetaInformationVersion, [0, 1])
            .Set(Attribute.MediaStorageSopClassUid, derived.SopClassUid)
            .Set(Attribute.MediaStorageSopInstanceUid, derived.SopInstanceUid)
            .Set(Attribute.TransferSyntaxUid, TransferSyntax.ExplicitLittleEndian.Uid)
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
        derived.DataSet.Write(stream);
    }
}
