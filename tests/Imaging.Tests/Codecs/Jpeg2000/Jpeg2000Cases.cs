using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using LungSeg.Imaging.Codecs.Jpeg2000;

namespace LungSeg.Imaging.Tests.Codecs.Jpeg2000;

/// <summary>One file of tests/data/j2k and what opj_decompress makes of it; see make_fixtures.py there.</summary>
internal sealed record Jpeg2000Case(string Name, int Tolerance, string Components, string Expected)
{
    public byte[] Bytes => File.ReadAllBytes(Jpeg2000Cases.PathOf(Name));

    public bool IsBare => Name.EndsWith(".j2k", StringComparison.Ordinal);
}

internal static class Jpeg2000Cases
{
    public static IReadOnlyDictionary<string, Jpeg2000Case> All { get; } = File.ReadLines(PathOf("cases.tsv"))
        .Select(line => line.Split('\t'))
        .ToDictionary(c => c[0], c => new Jpeg2000Case(c[0], int.Parse(c[1], CultureInfo.InvariantCulture), c[2], c[3]));

    private static byte[] ExpectedSamples { get; } = File.ReadAllBytes(PathOf("expected.bin"));

    public static string PathOf(string name) => Path.Combine(Repository.Root, "tests", "data", "j2k", name);

    public static Plane[] Decode(byte[] file, int threads = 0)
    {
        (int offset, int length) = Jp2File.Recognizes(file) ? Jp2File.Read(file).Codestream : (0, file.Length);
        return Codestream.Read(file, offset, length).Decode(threads);
    }

    public static string Describe(Plane[] planes) =>
        string.Join(' ', planes.Select(p => $"{p.Area.Width}x{p.Area.Height}x{p.Size.Bits}{(p.Size.IsSigned ? 's' : 'u')}"));

    /// <summary>Checks all samples against what OpenJPEG decoded.</summary>
    public static void Check(Jpeg2000Case expected, Plane[] planes)
    {
        Assert.Equal(expected.Components, Describe(planes));
        ushort[] samples = [.. planes.SelectMany(p => p.Samples)];
        if (expected.Tolerance == 0)
        {
            Assert.Equal(expected.Expected, Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<ushort>(samples))));
            return;
        }
        int at = int.Parse(expected.Expected, CultureInfo.InvariantCulture);
        ReadOnlySpan<ushort> wanted = MemoryMarshal.Cast<byte, ushort>(ExpectedSamples.AsSpan(at));
        bool signed = planes[0].Size.IsSigned;
        int worst = 0;
        for (int i = 0; i < samples.Length; i++)
            worst = Math.Max(worst, Math.Abs(signed ? (short)samples[i] - (short)wanted[i] : samples[i] - wanted[i]));
        Assert.True(worst <= expected.Tolerance, $"{expected.Name}: largest difference {worst}");
    }
}
