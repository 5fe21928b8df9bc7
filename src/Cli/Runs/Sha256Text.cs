using System.Text;
using LungSeg.Imaging;

namespace LungSeg.Cli.Runs;

/// <summary>SHA-256 in lower-case hexadecimal, as sha256sum prints it.</summary>
internal static class Sha256Text
{
    public static string Of(byte[] bytes) => Convert.ToHexStringLower(Sha256.Of(bytes));

    public static string Of(Stream stream) => Convert.ToHexStringLower(Sha256.Of(stream));

    public static string Of(string text) => Of(Encoding.UTF8.GetBytes(text));
}
