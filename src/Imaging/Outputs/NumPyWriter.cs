using System.Runtime.InteropServices;
using System.Text;

namespace LungSeg.Imaging.Outputs;

/// <summary>The probabilities as a NumPy array (format 1.0): height x width, float32, as the network gave them.</summary>
internal sealed class NumPyWriter : IResultWriter
{
    private const int Alignment = 64, Preamble = 10;

    public string Name => "npy";

    public string Extension => ".probabilities.npy";

    public string Description => "the probability of lung, NumPy array of float32";

    public void Write(Stream stream, LungSegmentation result)
    {
        ProbabilityMap map = result.Probabilities;
        string order = BitConverter.IsLittleEndian ? "<" : ">";
        string header = $"{{'descr': '{order}f4', 'fortran_order': False, 'shape': ({map.Height}, {map.Width}), }}";
        // Header and preamble end on a multiple of 64 bytes, with a line feed.
        int length = (Preamble + header.Length + 1 + Alignment - 1) / Alignment * Alignment - Preamble;
        stream.Write([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0, (byte)length, (byte)(length >> 8)]);
        stream.Write(Encoding.ASCII.GetBytes(header.PadRight(length - 1) + "\n"));
        stream.Write(MemoryMarshal.AsBytes(map.Values));
    }
}
