using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace LungSeg.Imaging.Outputs;

/// <summary>
/// A map of labels as NIfTI-1 file of one slice, gzip-compressed: 0 background, 1 right lung, 2 left lung, 3 both in one part.
/// </summary>
internal sealed class NiftiWriter : ResultWriter
{
    private const int HeaderBytes = 348, DataOffset = 352;

    public override string Name => "nifti";

    public override string Extension => ".mask.nii.gz";

    public override string Description => "label map on the image's pixels, NIfTI-1";

    protected override void WriteContent(Stream stream, LungSegmentation result)
    {
        OnImage.Require(result, Name);
        if (Math.Max(result.Mask.Width, result.Mask.Height) > short.MaxValue)
            throw new ImageException(
                $"{result.Image.Name}: {Name} has at most {short.MaxValue} pixels along a side, and this image has more; leave {Name} out");
        using GZipStream zip = new(stream, CompressionLevel.Optimal, leaveOpen: true);
        zip.Write(Header(result));
        zip.Write(result.Sided.Sides);
    }

    private static byte[] Header(LungSegmentation result)
    {
        const short Label = 1002, UInt8 = 2, Scanner = 1, Aligned = 2;
        const byte Millimetres = 2;
        ImagePlane plane = ImagePlane.Of(result.Image);
        double[][] steps = [plane.Across, plane.Down, plane.Out()];
        byte[] header = new byte[DataOffset];
        void Word(int at, short value) => BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(at), value);
        void Real(int at, double value) => BinaryPrimitives.WriteSingleLittleEndian(header.AsSpan(at), (float)value + 0);
        BinaryPrimitives.WriteInt32LittleEndian(header, HeaderBytes);
        short[] dimensions = [3, (short)result.Mask.Width, (short)result.Mask.Height, 1, 1, 1, 1, 1];
        for (int i = 0; i < dimensions.Length; i++)
            Word(40 + 2 * i, dimensions[i]);
        Word(68, Label);
        Word(70, UInt8);
        Word(72, 8);
        Real(76, 1);
        for (int i = 0; i < 3; i++)
            Real(80 + 4 * i, Math.Sqrt(steps[i].Sum(part => part * part)));
        Real(108, DataOffset);
        Real(112, 1);
        header[123] = Millimetres;
        Encoding.ASCII.GetBytes($"lungs: 1 right, 2 left, 3 both; {Software.Name} {Software.Version} {result.Method.Network}")
            .CopyTo(header, 148);
        // Rows of the matrix that takes columns, rows and slices to right, anterior, superior: DICOM's first two axes, turned round.
        Word(254, plane.IsNominal ? Aligned : Scanner);
        for (int axis = 0; axis < 3; axis++)
        {
            int sign = axis < 2 ? -1 : 1;
            for (int i = 0; i < 3; i++)
                Real(280 + 16 * axis + 4 * i, sign * steps[i][axis]);
            Real(280 + 16 * axis + 12, sign * plane.Origin[axis]);
        }
        "n+1"u8.CopyTo(header.AsSpan(344));
        return header;
    }
}
