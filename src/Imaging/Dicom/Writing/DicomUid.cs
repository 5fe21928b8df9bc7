using System.Numerics;
using System.Text;
using LungSeg.IO;

namespace LungSeg.Imaging.Dicom.Writing;

/// <summary>
/// Unique identifiers made of a UUID (PS3.5, B.2), the UUID made of what it names: the same result of the same image has the same
/// identifier, another one another.
/// </summary>
internal static class DicomUid
{
    /// <summary>This program's implementation class.</summary>
    public static string Implementation { get; } = Of("LungSeg", "implementation class");

    /// <summary>The identifier of what the parts name together.</summary>
    public static string Of(params ReadOnlySpan<string> parts)
    {
        byte[] hash = Sha256.Of(Encoding.UTF8.GetBytes(string.Join('\n', parts)));
        Span<byte> uuid = hash.AsSpan(0, 16);
        // Version 8 (made by a rule of its own), variant 1.
        uuid[6] = (byte)(uuid[6] & 0x0F | 0x80);
        uuid[8] = (byte)(uuid[8] & 0x3F | 0x80);
        return $"2.25.{new BigInteger(uuid, isUnsigned: true, isBigEndian: true)}";
    }

    /// <summary>A fingerprint of bytes, as a part of <see cref="Of"/>.</summary>
    public static string Fingerprint(ReadOnlySpan<byte> bytes) => Convert.ToHexString(Sha256.Of(bytes));
}
