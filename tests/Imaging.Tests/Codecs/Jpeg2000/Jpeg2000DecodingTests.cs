using LungSeg.Imaging.Codecs.Jpeg2000;

namespace LungSeg.Imaging.Tests.Codecs.Jpeg2000;

public sealed class Jpeg2000DecodingTests
{
    public static TheoryData<string> Names => [.. Jpeg2000Cases.All.Keys];

    public static TheoryData<string> BareNames => [.. Jpeg2000Cases.All.Values.Where(c => c.IsBare).Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Samples_are_those_of_OpenJPEG_on_one_thread_and_on_several(string name)
    {
        Jpeg2000Case expected = Jpeg2000Cases.All[name];
        Plane[] one = Jpeg2000Cases.Decode(expected.Bytes, threads: 1), several = Jpeg2000Cases.Decode(expected.Bytes, threads: 4);
        Jpeg2000Cases.Check(expected, one);
        Assert.All(one.Zip(several), pair => Assert.Equal(pair.First.Samples, pair.Second.Samples));
    }

    /// <summary>Only the end mark and padding may be lacking; then the samples are all there.</summary>
    [Theory]
    [MemberData(nameof(BareNames))]
    public void A_codestream_that_is_cut_off_is_refused(string name)
    {
        Jpeg2000Case expected = Jpeg2000Cases.All[name];
        byte[] whole = expected.Bytes;
        Codestream withoutEnd = Codestream.Read(whole, 0, whole.Length - 2);
        Jpeg2000Cases.Check(expected, withoutEnd.Decode());
        Assert.Contains("end mark", Assert.Single(withoutEnd.Warnings));
        for (int length = 0; length < whole.Length - 2; length += length < 150 || length > whole.Length - 20 ? 1
            : Math.Max(1, whole.Length / 60))
            Assert.Throws<ImageException>(() => Jpeg2000Cases.Decode(whole[..length]));
    }

    [Theory]
    [MemberData(nameof(BareNames))]
    public void A_codestream_that_is_cut_off_and_closed_with_an_end_mark_is_refused(string name)
    {
        byte[] whole = Jpeg2000Cases.All[name].Bytes;
        for (int length = 100; length < whole.Length - 4; length += Math.Max(1, whole.Length / 40))
            Assert.Throws<ImageException>(() => Jpeg2000Cases.Decode([.. whole[..length], 0xFF, 0xD9]));
    }

    /// <summary>
    /// Encoders leave out what later layers would add where that is nothing; a precinct of which nothing is there would be a hole.
    /// </summary>
    [Fact]
    public void Packets_of_later_layers_may_be_lacking_at_the_end_but_no_precinct_may()
    {
        byte[] whole = Jpeg2000Cases.All["layers.j2k"].Bytes;
        int start = whole.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0x90]),
            data = whole.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0x93]) + 2;
        List<int> warned = [];
        for (int end = data; end < whole.Length - 2; end++)
        {
            byte[] cut = [.. whole[..end], 0xFF, 0xD9];
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(cut.AsSpan(start + 6), end - start);
            try
            {
                Codestream codestream = Codestream.Read(cut, 0, cut.Length);
                codestream.Decode();
                Assert.Contains("later quality layers", Assert.Single(codestream.Warnings));
                warned.Add(end);
            }
            catch (ImageException)
            {
            }
        }
        // Four layers of six packets: from the end of the first layer on the data may end behind each packet but the last.
        Assert.Equal(18, warned.Count);
        Assert.True(warned[0] > data + (whole.Length - data) / 60);
    }

    [Theory]
    [InlineData("segmentation.j2k", 0.4)]
    [InlineData("all_styles.j2k", 0.25)]
    [InlineData("predictable.j2k", 0.4)]
    [InlineData("grey12.j2k", 0.02)]
    public void Damage_to_coded_data_is_found_where_the_encoder_left_marks(string name, double share)
    {
        byte[] whole = Jpeg2000Cases.All[name].Bytes;
        int data = whole.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0x93]) + 2, refused = 0, cases = 300;
        Random random = new(1);
        for (int i = 0; i < cases; i++)
        {
            byte[] damaged = (byte[])whole.Clone();
            damaged[random.Next(data, whole.Length - 2)] ^= (byte)(1 << random.Next(8));
            if (Record.Exception(() => Jpeg2000Cases.Decode(damaged)) is ImageException)
                refused++;
        }
        Assert.True(refused >= share * cases, $"{refused} of {cases} damaged files were refused");
    }

    [Fact]
    public void An_absurd_size_is_refused_before_memory_is_taken()
    {
        byte[] file = Jpeg2000Cases.All["grey12.j2k"].Bytes;
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(8), 60_000);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(12), 60_000);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(24), 60_000);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(28), 60_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("over the limit", Assert.Throws<ImageException>(() => ImageReader.Decode(file, "x")).Message);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Fact]
    public void HTJ2K_and_part_2_are_refused_by_name()
    {
        byte[] file = Jpeg2000Cases.All["grey12.j2k"].Bytes;
        int size = 4 + (file[4] << 8 | file[5]);
        byte[] capabilities = [0xFF, 0x50, 0, 8, 0, 2, 0, 0, 0, 0], transforms = [0xFF, 0x74, 0, 4, 0, 0];
        Assert.Contains("HTJ2K",
            Assert.Throws<ImageException>(() => ImageReader.Decode([.. file[..size], .. capabilities, .. file[size..]], "x")).Message);
        Assert.Contains("part 2",
            Assert.Throws<ImageException>(() => ImageReader.Decode([.. file[..size], .. transforms, .. file[size..]], "x")).Message);
        byte[] style = (byte[])file.Clone();
        style[file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0x52]) + 12] |= 0x40;
        Assert.Contains("HTJ2K", Assert.Throws<ImageException>(() => ImageReader.Decode(style, "x")).Message);
    }
}
