using System.Security.Cryptography;
using System.Text;

namespace LungSeg.Cli.Runs;

/// <summary>SHA-256 in lower-case hexadecimal, as sha256sum prints it.</summary>
internal static class Sha256Text
{
    public static string Of(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    public static string Of(Stream stream) => Convert.ToHexStringLower(SHA256.HashData(stream));

    public static string Of(string text) => Of(Encoding.UTF8.GetBytes(text));
}
