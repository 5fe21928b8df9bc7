using System.Globalization;
using System.Runtime.InteropServices;

namespace LungSeg.Imaging.Tests.Codecs;

/// <summary>One small image file and the samples that a reader should see in it.</summary>
internal sealed record Fixture(string Name, int Width, int Height, int Channels, int Bits, int Tolerance, ushort[] Samples)
{
    public string Path => Repository.Data("read", Name);

    public byte[] Bytes => File.ReadAllBytes(Path);

    public override string ToString() => Name;
}

internal static class Fixtures
{
    public static IReadOnlyDictionary<string, Fixture> All { get; } = Load();

    private static Dictionary<string, Fixture> Load()
    {
        Dictionary<string, Fixture> all = [];
        ReadOnlySpan<byte> expected = File.ReadAllBytes(Repository.Data("read", "expected.bin"));
        foreach (string line in File.ReadLines(Repository.Data("read", "expected.tsv")))
        {
            string[] cells = line.Split('\t');
            int[] n = [.. cells[1..].Select(c => int.Parse(c, CultureInfo.InvariantCulture))];
            int count = n[0] * n[1] * n[2], bytes = count * n[3] / 8;
            ushort[] samples = n[3] == 16
                ? MemoryMarshal.Cast<byte, ushort>(expected[..bytes]).ToArray()
                : Array.ConvertAll(expected[..bytes].ToArray(), b => (ushort)b);
            expected = expected[bytes..];
            all.Add(cells[0], new Fixture(cells[0], n[0], n[1], n[2], n[3], n[4], samples));
        }
        return all;
    }
}
