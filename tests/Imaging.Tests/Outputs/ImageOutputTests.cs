using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using LungSeg.Imaging.Masks;
using LungSeg.Imaging.Outputs;
using LungSeg.Imaging.Tests.Codecs;

namespace LungSeg.Imaging.Tests.Outputs;

public sealed class ImageOutputTests
{
    private static readonly LungSegmentation Result = Results.Synthetic();

    [Fact]
    public void Every_format_has_a_name_and_an_extension_of_its_own()
    {
        Assert.Equal(ResultFormats.All.Count, ResultFormats.All.Select(w => w.Name).Distinct().Count());
        Assert.Equal(ResultFormats.All.Count, ResultFormats.All.Select(w => w.Extension).Distinct().Count());
        Assert.Equal(["mask", "overlay"], ResultFormats.Parse(ResultFormats.Default).Select(w => w.Name));
        Assert.Equal(["json", "mask"], ResultFormats.Parse("json, mask,json").Select(w => w.Name));
        Assert.Contains("'masks'", Assert.Throws<ArgumentException>(() => ResultFormats.Parse("masks")).Message);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void The_same_result_gives_the_same_bytes(string format) =>
        Assert.Equal(Results.Written(format, Results.Synthetic()), Results.Written(format, Results.Synthetic()));

    public static TheoryData<string> Formats =>
        [.. ResultFormats.All.Select(w => w.Name).Where(name => name is not ("seg" or "sc" or "sr" or "pr" or "uncertainty-seg"))];

    [Fact]
    public void A_mask_is_read_back_as_it_was() =>
        Assert.True(LungMask.FromImage(ImageReader.Decode(Results.Written("mask", Result), "m")).Pixels.SequenceEqual(Result.Mask.Pixels));

    [Fact]
    public void Probabilities_are_read_back_within_half_a_step_of_16_bits()
    {
        float[] back = ImageReader.Decode(Results.Written("probabilities", Result), "p").ToUnitFloat();
        for (int i = 0; i < back.Length; i++)
            Assert.Equal(Result.Probabilities.Values[i], back[i], 0.5f / 65535 + 1e-6f);
    }

    [Fact]
    public void A_NumPy_array_has_its_header_aligned_and_its_values_as_they_are()
    {
        byte[] file = Results.Written("npy", Result);
        Assert.Equal((byte[])[0x93, .. "NUMPY"u8, 1, 0], file[..8]);
        int length = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(8));
        Assert.Equal(0, (10 + length) % 64);
        Assert.StartsWith("{'descr': '<f4', 'fortran_order': False, 'shape': (256, 256), }", Encoding.ASCII.GetString(file, 10, length));
        Assert.Equal((byte)'\n', file[9 + length]);
        Assert.True(MemoryMarshal.Cast<byte, float>(file.AsSpan(10 + length)).SequenceEqual(Result.Probabilities.Values));
    }

    [Fact]
    public void A_NumPy_array_is_read_back_and_another_or_a_damaged_one_refused()
    {
        using TemporaryDirectory directory = new();
        string path = directory.File("p.npy");
        byte[] file = Results.Written("npy", Result);
        File.WriteAllBytes(path, file);
        Assert.True(NumPyFile.Read(path).Values.SequenceEqual(Result.Probabilities.Values));
        foreach ((byte[] bad, string said) in new (byte[], string)[]
            {
                (file[..^4], "bytes of values"), (file[..30], "truncated"), (file[..8], "NumPy"), ([.. "hello"u8], "NumPy"),
                (Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(file).Replace("<f4", "<i4", StringComparison.Ordinal)), "float32"),
                ([.. file[..^4], .. BitConverter.GetBytes(float.NaN)], "NaN"),
            })
        {
            File.WriteAllBytes(path, bad);
            Assert.Contains(said, Assert.Throws<ImageException>(() => NumPyFile.Read(path)).Message);
        }
    }

    [Fact]
    public void The_contour_is_the_overlay_s_outline_on_a_transparent_ground()
    {
        byte[] png = Results.Written("contour", Result);
        Radiograph overlay = ImageReader.Decode(Results.Written("overlay", Result), "o");
        (int width, int height, ushort[] colors) = IndependentReader.Read(png, 4, 8);
        Assert.Equal((Result.Mask.Width, Result.Mask.Height), (width, height));
        int outline = 0;
        for (int i = 0; i < Result.Mask.Pixels.Length; i++)
        {
            (ushort, ushort, ushort) color = (colors[4 * i], colors[4 * i + 1], colors[4 * i + 2]);
            Assert.True(colors[4 * i + 3] == 255 || color == (0, 0, 0));
            if (colors[4 * i + 3] == 0)
                continue;
            outline++;
            Assert.Equal(1, Result.Mask.Pixels[i]);
            Assert.Equal(color, (overlay.Samples[3 * i], overlay.Samples[3 * i + 1], overlay.Samples[3 * i + 2]));
            Assert.Contains(color,
                Enum.GetValues<LungSide>().Select(Overlay.ColorOf).Select(c => ((ushort)c.Red, (ushort)c.Green, (ushort)c.Blue)));
        }
        Assert.InRange(outline, 500, 2500);
    }
}
