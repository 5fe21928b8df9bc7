using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using LungSeg.IO;

namespace LungSeg.Imaging.Outputs;

/// <summary>NumPy's array files (formats 1.0 and 2.0): two-dimensional maps of probabilities.</summary>
internal static partial class NumPyFile
{
    private const int Alignment = 64, Preamble = 10, MaximumHeader = 1 << 16;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Writes a map as height x width values of float32, as they are.</summary>
    internal static void Write(Stream stream, ProbabilityMap map)
    {
        string order = BitConverter.IsLittleEndian ? "<" : ">";
        string header = $"{{'descr': '{order}f4', 'fortran_order': False, 'shape': ({map.Height}, {map.Width}), }}";
        // Header and preamble end on a multiple of 64 bytes, with a line feed.
        int length = (Preamble + header.Length + 1 + Alignment - 1) / Alignment * Alignment - Preamble;
        stream.Write(Magic);
        stream.Write([1, 0, (byte)length, (byte)(length >> 8)]);
        stream.Write(Encoding.ASCII.GetBytes(header.PadRight(length - 1) + "\n"));
        stream.Write(MemoryMarshal.AsBytes(map.Values));
    }

    /// <summary>Reads a map of height x width values from 0 to 1: float32, float64, bool or uint8 (0 and 1), rows first.</summary>
    /// <exception cref="FileException">The file cannot be read.</exception>
    /// <exception cref="ImageException">The file holds something else.</exception>
    public static ProbabilityMap Read(string path)
    {
        byte[] file = BoundedFile.Read(path, ImageReader.MaximumFileBytes, "NumPy file");
        int version = file.Length > 6 ? file[6] : 0, preamble = version == 1 ? 10 : 12;
        if (!file.AsSpan().StartsWith(Magic) || version is not (1 or 2) || file.Length < preamble)
            throw new ImageException($"{path}: not a NumPy array of format 1 or 2");
        long data = preamble
            + (version == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(8))
                : BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(8)));
        if (data > file.Length)
            throw new ImageException($"{path}: the NumPy array is truncated: it ends inside its header");
        if (data > MaximumHeader)
            throw new ImageException($"{path}: the NumPy array is damaged: its header claims {data} bytes");
        Match match = Header().Match(Encoding.Latin1.GetString(file, preamble, (int)data - preamble));
        if (!match.Success || !int.TryParse(match.Groups[2].Value, CultureInfo.InvariantCulture, out int height)
            || !int.TryParse(match.Groups[3].Value, CultureInfo.InvariantCulture, out int width))
            throw new ImageException(
                $"{path}: a NumPy array of height x width float32, float64, uint8 or bool values in rows was expected, another was found");
        string type = match.Groups[1].Value;
        int bytes = type == "<f8" ? 8 : type == "<f4" ? 4 : 1;
        if (width <= 0 || height <= 0 || file.Length - data != (long)width * height * bytes)
            throw new ImageException(
                $"{path}: the NumPy array has {file.Length - data} bytes of values, {height} x {width} of {bytes} were expected");
        ReadOnlySpan<byte> values = file.AsSpan((int)data);
        float[] map = new float[width * height];
        for (int i = 0; i < map.Length; i++)
        {
            map[i] = bytes switch
            {
                8 => (float)BinaryPrimitives.ReadDoubleLittleEndian(values[(8 * i)..]),
                4 => BinaryPrimitives.ReadSingleLittleEndian(values[(4 * i)..]),
                _ => values[i],
            };
            if (!(map[i] is >= 0 and <= 1))
                throw new ImageException(
                    string.Create(CultureInfo.InvariantCulture,
                        $"{path}: the NumPy array holds {map[i]}, values from 0 to 1 were expected"));
        }
        return new ProbabilityMap(width, height, map);
    }

    [GeneratedRegex(@"^\{'descr': '(<f4|<f8|\|u1|\|b1)', 'fortran_order': False, 'shape': \((\d+), (\d+)\), ?\}\s*$")]
    private static partial Regex Header();
}
