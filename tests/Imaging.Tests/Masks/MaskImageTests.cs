using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;
using LungSeg.Imaging.Codecs;
using LungSeg.Imaging.Masks;

namespace LungSeg.Imaging.Tests.Masks;

/// <summary>Each coding of one mask gives the same lungs, or is refused by name.</summary>
public sealed class MaskImageTests
{
    private const int Side = 96;

    /// <summary>0 background, 1 one lung, 2 the other.</summary>
    private static int[] Lungs { get; } = [.. Enumerable.Range(0, Side * Side).Select(i => (i % Side, i / Side) switch
    {
        ( >= 12 and < 40, >= 20 and < 76) => 1,
        ( >= 55 and < 84, >= 20 and < 80) => 2,
        _ => 0,
    })];

    private static byte[] Both { get; } = Array.ConvertAll(Lungs, l => l > 0 ? (byte)1 : (byte)0);

    [Theory]
    [InlineData(8, 0, 255, 255)]
    [InlineData(8, 0, 1, 1)]
    [InlineData(8, 0, 100, 100)]
    [InlineData(16, 0, 65535, 65535)]
    [InlineData(16, 0, 1, 1)]
    [InlineData(16, 0, 4095, 4095)]
    [InlineData(8, 10, 245, 245)]
    public void Two_values_are_a_mask(int bits, int background, int one, int other)
    {
        var mask = MaskImage.Of(Grey(bits, background, one, other));
        Assert.Empty(mask.Labels);
        Assert.Equal(Both, LungMask.FromImage(Grey(bits, background, one, other)).Pixels.ToArray());
    }

    [Theory]
    [InlineData(8, 0, 127, 255)]
    [InlineData(8, 0, 255, 127)]
    [InlineData(8, 0, 100, 200)]
    [InlineData(8, 0, 1, 2)]
    [InlineData(8, 0, 20, 255)]
    [InlineData(16, 0, 32768, 65535)]
    public void Three_values_are_labels_and_their_union_is_the_mask(int bits, int background, int one, int other)
    {
        var mask = MaskImage.Of(Grey(bits, background, one, other));
        Assert.Equal([.. new[] { background, one, other }.Order().Select(v => $"{v}")], mask.Labels);
        Assert.Equal(Both, Array.ConvertAll(mask.Values, v => (byte)v));
        Assert.Contains("several labels",
            Assert.Throws<ImageException>(() => LungMask.FromImage(Grey(bits, background, one, other))).Message);
    }

    [Fact]
    public void Labels_without_a_background_are_refused() =>
        Assert.Contains("none is 0", Assert.Throws<ImageException>(() => MaskImage.Of(Grey(8, 1, 2, 3))).Message);

    [Fact]
    public void Smoothed_edges_and_maps_of_probabilities_are_no_labels()
    {
        ushort[] smooth = new ushort[Side * Side], ramp = new ushort[Side * Side];
        for (int i = 0; i < smooth.Length; i++)
        {
            int x = i % Side, y = i / Side, sum = 0;
            for (int dy = -1; dy <= 1; dy++)
                for (int dx = -1; dx <= 1; dx++)
                    sum += Both[Math.Clamp(y + dy, 0, Side - 1) * Side + Math.Clamp(x + dx, 0, Side - 1)];
            smooth[i] = (ushort)(255 * sum / 9);
            ramp[i] = (ushort)(x * 600 + y);
        }
        var edges = MaskImage.Of(new Radiograph(Side, Side, 1, 8, smooth));
        Assert.Empty(edges.Labels);
        // Smoothing takes the corners off.
        Assert.Equal(8, LungMask.FromProbabilities(edges.Values, Side, Side).Pixels.ToArray().Where((p, i) => p != Both[i]).Count());
        Assert.Empty(MaskImage.Of(new Radiograph(Side, Side, 1, 16, ramp)).Labels);
    }

    [Fact]
    public void Black_and_one_colour_are_a_mask_more_colours_are_labels_and_a_photograph_is_none()
    {
        Radiograph Colored(Func<int, (int, int, int)> color) =>
            new(Side, Side, 3, 8,
                [.. Lungs.SelectMany(l => new[] { color(l).Item1, color(l).Item2, color(l).Item3 }).Select(v => (ushort)v)]);
        Assert.Equal(Both, LungMask.FromImage(Colored(l => l > 0 ? (200, 0, 30) : default)).Pixels.ToArray());
        Assert.Equal(Both, LungMask.FromImage(Colored(l => l > 0 ? (255, 255, 255) : default)).Pixels.ToArray());
        var labels = MaskImage.Of(Colored(l => l switch { 1 => (255, 0, 0), 2 => (0, 0, 255), _ => default }));
        Assert.Equal(3, labels.Labels.Count);
        Assert.Equal(Both, Array.ConvertAll(labels.Values, v => (byte)v));
        Assert.Contains("none is black",
            Assert.Throws<ImageException>(() => MaskImage.Of(Colored(l => l > 0 ? (255, 0, 0) : (255, 255, 0)))).Message);
        ushort[] photograph = [.. Enumerable.Range(0, Side * Side * 3).Select(i => (ushort)(i * 7 % 256))];
        Assert.Contains("a colour image is no mask",
            Assert.Throws<ImageException>(() => MaskImage.Of(new Radiograph(Side, Side, 3, 8, photograph))).Message);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(2)]
    public void A_shape_in_the_alpha_channel_of_one_colour_is_the_mask(int channels)
    {
        byte[] pixels = [.. Both.SelectMany(lung => Enumerable.Repeat((byte)255, channels - 1).Append((byte)(255 * lung)))];
        byte[] png = Png(channels == 4 ? 6 : 4, channels, pixels);
        Radiograph read = ImageReader.Decode(png, "a.png");
        Assert.Contains(read.Decisions, d => d is { Topic: "alpha", IsWarning: true });
        Assert.Equal(Both, LungMask.FromImage(read).Pixels.ToArray());
    }

    private static byte[] Png(int colorType, int channels, byte[] pixels)
    {
        using MemoryStream data = new();
        using (ZLibStream zlib = new(data, CompressionLevel.Fastest, leaveOpen: true))
            for (int y = 0; y < Side; y++)
                zlib.Write([0, .. pixels[(y * Side * channels)..((y + 1) * Side * channels)]]);
        byte[] header = [0, 0, 0, Side, 0, 0, 0, Side, 8, (byte)colorType, 0, 0, 0];
        return [.. PngChunks.Signature, .. Chunk("IHDR", header), .. Chunk("IDAT", data.ToArray()), .. Chunk("IEND", [])];
    }

    private static byte[] Chunk(string name, byte[] body)
    {
        byte[] chunk = new byte[body.Length + 12];
        BinaryPrimitives.WriteInt32BigEndian(chunk, body.Length);
        Encoding.ASCII.GetBytes(name, chunk.AsSpan(4));
        body.CopyTo(chunk.AsSpan(8));
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(8 + body.Length), Crc32.HashToUInt32(chunk.AsSpan(4, 4 + body.Length)));
        return chunk;
    }

    private static Radiograph Grey(int bits, params int[] values) =>
        new(Side, Side, 1, bits, Array.ConvertAll(Lungs, l => (ushort)values[l]));
}
