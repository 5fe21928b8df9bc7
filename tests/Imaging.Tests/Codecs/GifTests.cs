namespace LungSeg.Imaging.Tests.Codecs;

/// <summary>GIF files made here, with codes that are never longer than they were at first, so that any reader of LZW reads them.</summary>
public sealed class GifTests
{
    private const int Width = 50, Height = 37;

    private static byte[] Indices { get; } =
        [.. Enumerable.Range(0, Width * Height).Select(i => (byte)((i % Width / 5 + i / Width / 3) % 4))];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_first_image_is_read_interlaced_or_not(bool interlaced)
    {
        Radiograph read = ImageReader.Decode(Gif(interlaced, [0, 80, 160, 255]), "g.gif");
        Assert.Equal((Width, Height, 1), (read.Width, read.Height, read.Channels));
        Assert.Equal(Indices.Select(i => (ushort)new[] { 0, 80, 160, 255 }[i]), read.Samples.ToArray());
        Assert.Empty(read.Decisions);
    }

    [Fact]
    public void Codes_that_grow_are_read()
    {
        // The mask of the shared cases, written by another program, reads in FieldTests; here the table fills up to 12 bits and is cleared.
        byte[] file = Gif(false, [0, 80, 160, 255], plain: false);
        Assert.Equal(ImageReader.Decode(Gif(false, [0, 80, 160, 255]), "g").Samples.ToArray(),
            ImageReader.Decode(file, "g").Samples.ToArray());
    }

    [Fact]
    public void An_animation_is_refused_by_name()
    {
        byte[] file = Gif(false, [0, 80, 160, 255]);
        int image = 13 + 12;
        byte[] animated = [.. file[..^1], .. file[image..]];
        Assert.Contains("animation", Assert.Throws<ImageException>(() => ImageReader.Decode(animated, "g")).Message);
    }

    [Fact]
    public void A_cut_file_is_refused_wherever_it_is_cut()
    {
        byte[] file = Gif(true, [0, 80, 160, 255]);
        for (int length = 0; length < file.Length; length++)
            Assert.ThrowsAny<ImageException>(() => ImageReader.Decode(file[..length], $"cut at {length}"));
    }

    [Fact]
    public void A_changed_file_is_read_or_refused()
    {
        byte[][] files = [Gif(true, [0, 80, 160, 255]), Gif(false, [0, 80, 160, 255], plain: false)];
        int cases = int.TryParse(Environment.GetEnvironmentVariable("LUNGSEG_FUZZ_CASES"), out int asked) ? asked : 3000, read = 0;
        for (int seed = 0; seed < cases; seed++)
        {
            Random random = new(seed);
            byte[] file = [.. files[seed % 2]];
            for (int i = random.Next(1, 4); i > 0; i--)
                file[random.Next(6, file.Length)] = (byte)random.Next(256);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                ImageReader.Decode(file, "g");
                read++;
            }
            catch (ImageException e)
            {
                Assert.DoesNotContain('\n', e.Message);
            }
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 700L << 20);
        }
        Assert.InRange(read, cases / 20, cases);
    }

    private static byte[] Gif(bool interlaced, byte[] greys, bool plain = true)
    {
        int[] rows = interlaced
            ? [.. new[] { (0, 8), (4, 8), (2, 4), (1, 2) }.SelectMany(p => Enumerable.Range(0, Height).Where(y => y % p.Item2 == p.Item1))]
            : [.. Enumerable.Range(0, Height)];
        byte[] indices = [.. rows.SelectMany(y => Indices[(y * Width)..((y + 1) * Width)])];
        byte[] data = Compress(indices, plain);
        List<byte> blocks = [];
        for (int at = 0; at < data.Length; at += 255)
        {
            int length = Math.Min(255, data.Length - at);
            blocks.AddRange([(byte)length, .. data[at..(at + length)]]);
        }
        return
        [
            .. "GIF89a"u8, Width, 0, Height, 0, 0x81, 0, 0, .. greys.SelectMany(g => new[] { g, g, g }),
            0x2C, 0, 0, 0, 0, Width, 0, Height, 0, (byte)(interlaced ? 0x40 : 0), 2, .. blocks, 0, 0x3B,
        ];
    }

    /// <summary>LZW by a dictionary; plain: a clear code before the table grows.</summary>
    private static byte[] Compress(byte[] indices, bool plain)
    {
        const int Clear = 4, End = 5;
        List<byte> bytes = [];
        int window = 0, count = 0, bits = 3, next = 6;
        Dictionary<string, int> table = [];
        void Put(int code)
        {
            window |= code << count;
            for (count += bits; count >= 8; count -= 8, window >>= 8)
                bytes.Add((byte)window);
        }
        void Reset()
        {
            (bits, next) = (3, 6);
            table = Enumerable.Range(0, 4).ToDictionary(i => $"{(char)i}", i => i);
        }
        Reset();
        Put(Clear);
        string word = "";
        foreach (byte index in indices)
        {
            string longer = word + (char)index;
            if (table.ContainsKey(longer))
            {
                word = longer;
                continue;
            }
            Put(table[word]);
            if (next < 4096)
            {
                table[longer] = next++;
                if (next > 1 << bits && bits < 12)
                    bits++;
            }
            if (next == (plain ? 8 : 4096))
            {
                Put(Clear);
                Reset();
            }
            word = $"{(char)index}";
        }
        Put(table[word]);
        if (next + 1 > 1 << bits && bits < 12 && !plain)
            bits++;
        Put(End);
        Put(0);
        Put(0);
        return [.. bytes];
    }
}
