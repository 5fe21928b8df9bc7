using System.Globalization;
using System.Runtime.InteropServices;
using LungSeg.Imaging.Dicom;

namespace LungSeg.Imaging.Tests.Dicom;

/// <summary>One DICOM file read with some options, and the samples that pydicom and dcmtk make of it.</summary>
internal sealed record DicomCase(string File, DicomOptions Options, int Width, int Height, int Channels, int Bits, int Tolerance,
    ushort[] Samples);

internal static class DicomCases
{
    /// <summary>By file and options, as in "native12.dcm auto auto".</summary>
    public static IReadOnlyDictionary<string, DicomCase> All { get; } = Load();

    public static string[] Files { get; } = [.. All.Values.Select(c => c.File).Distinct()];

    public static byte[] Bytes(string file) => File.ReadAllBytes(Path(file));

    public static string Path(string file) => System.IO.Path.Combine(Repository.Root, "tests", "data", "dicom", "read", file);

    private static Dictionary<string, DicomCase> Load()
    {
        Dictionary<string, DicomCase> all = [];
        string directory = System.IO.Path.Combine(Repository.Root, "tests", "data", "dicom");
        byte[] expected = File.ReadAllBytes(System.IO.Path.Combine(directory, "expected.bin"));
        foreach (string line in File.ReadLines(System.IO.Path.Combine(directory, "cases.tsv")))
        {
            string[] cells = line.Split('\t');
            int Number(int cell) => int.Parse(cells[cell], CultureInfo.InvariantCulture);
            int count = Number(1) * Number(2) * Number(3);
            ReadOnlySpan<byte> bytes = expected.AsSpan(Number(9), count * Number(4) / 8);
            ushort[] samples = Number(4) == 16 ? MemoryMarshal.Cast<byte, ushort>(bytes).ToArray()
                : Array.ConvertAll(bytes.ToArray(), b => (ushort)b);
            DicomOptions options = new()
            {
                Voi = Enum.Parse<Voi>(cells[6], ignoreCase: true),
                Invert = Enum.Parse<Inversion>(cells[7], ignoreCase: true),
                Frame = Number(8) > 0 ? Number(8) : null,
            };
            string name = $"{cells[0]} {cells[6]} {cells[7]}{(Number(8) > 0 ? $" frame {cells[8]}" : "")}";
            all.Add(name, new DicomCase(cells[0], options, Number(1), Number(2), Number(3), Number(4), Number(5), samples));
        }
        return all;
    }
}
