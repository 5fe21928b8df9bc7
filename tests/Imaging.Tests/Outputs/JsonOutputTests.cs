using System.Text.Json;
using CsCheck;
using LungSeg.Imaging.Masks;
using LungSeg.Imaging.Outputs;
using LungSeg.IO;

namespace LungSeg.Imaging.Tests.Outputs;

public sealed class JsonOutputTests
{
    private static JsonElement Json(string format, LungSegmentation result) =>
        JsonDocument.Parse(Results.Written(format, result)).RootElement;

    [Fact]
    public void Areas_boxes_and_centres_are_those_of_the_mask()
    {
        LungSegmentation result = Results.Synthetic();
        JsonElement lungs = Json("json", result).GetProperty("lungs");
        int right = lungs.GetProperty("right").GetProperty("area_px").GetInt32(),
            left = lungs.GetProperty("left").GetProperty("area_px").GetInt32();
        Assert.Equal(result.Mask.Area, right + left);
        Assert.Equal(right + left, lungs.GetProperty("area_px").GetInt32());
        double pixel = 400.0 / 256;
        Assert.Equal(right * pixel * pixel, lungs.GetProperty("right").GetProperty("area_mm2").GetDouble(), 0.01);
        int[] box = [.. lungs.GetProperty("right").GetProperty("box_px").EnumerateArray().Select(v => v.GetInt32())];
        double x = lungs.GetProperty("right").GetProperty("centroid_px")[0].GetDouble();
        Assert.InRange(x, box[0], box[0] + box[2]);
        Assert.True(x < 128);
        Assert.Equal(JsonValueKind.Null, lungs.GetProperty("joined").ValueKind);
        Assert.Equal(2, lungs.GetProperty("components").GetInt32());
        Assert.Equal(["left", "right"], lungs.GetProperty("parts").EnumerateArray().Select(part => part.GetProperty("side").GetString())
            .Order());
        Assert.InRange(lungs.GetProperty("width_ratio_right_to_left").GetDouble(), 0.7, 1.4);
    }

    [Fact]
    public void Without_spacing_there_are_no_millimetres_and_with_it_the_element_is_named()
    {
        JsonElement known = Json("json", Results.Synthetic());
        Assert.NotEqual("", known.GetProperty("image").GetProperty("spacing_mm").GetProperty("source").GetString());
        LungSegmentation plain = Results.SyntheticOn(256, p => new Radiograph(256, 256, 1, 8, p.Samples.ToArray()));
        JsonElement unknown = Json("json", plain);
        Assert.Equal(JsonValueKind.Null, unknown.GetProperty("image").GetProperty("spacing_mm").ValueKind);
        Assert.Equal(JsonValueKind.Null, unknown.GetProperty("lungs").GetProperty("area_mm2").ValueKind);
    }

    [Fact]
    public void A_mask_of_another_size_than_the_image_scales_the_spacing_and_is_refused_where_coordinates_are_the_image_s()
    {
        LungSegmentation result = Results.Synthetic() with { Mask = Results.Synthetic().Mask.Resize(128, 64) };
        JsonElement lungs = Json("json", result).GetProperty("lungs");
        double whole = lungs.GetProperty("area_mm2").GetDouble() / lungs.GetProperty("area_px").GetInt32();
        Assert.Equal(400.0 / 128 * 400 / 64, whole, 0.01);
        foreach (string format in (string[])["coco", "geojson"])
            Assert.Equal(Remedy.NativeMode, Assert.Throws<ImageException>(() => Results.Written(format, result)).Remedy);
    }

    [Fact]
    public void COCO_and_GeoJSON_hold_each_lung_to_the_pixel()
    {
        LungSegmentation result = Results.Synthetic();
        JsonElement coco = Json("coco", result), features = Json("geojson", result).GetProperty("features");
        Assert.Equal(2, features.GetArrayLength());
        foreach (JsonElement annotation in coco.GetProperty("annotations").EnumerateArray())
        {
            byte category = annotation.GetProperty("category_id").GetByte();
            int area = result.Statistics.Of(SidedMask.SideOf(category))!.Area;
            Assert.Equal(area, annotation.GetProperty("area").GetInt32());
            Assert.Equal(area, annotation.GetProperty("segmentation").EnumerateArray()
                .Sum(ring => Area([.. ring.EnumerateArray().Select(v => v.GetInt32())])));
            Assert.Equal(area, Decode(annotation.GetProperty("rle").GetProperty("counts").GetString()!).Where((_, i) => i % 2 == 1).Sum());
            JsonElement rings = features[category - 1].GetProperty("geometry").GetProperty("coordinates");
            Assert.Equal(area, rings.EnumerateArray().SelectMany(p => p.EnumerateArray())
                .Sum(ring => Area([.. ring.EnumerateArray().SelectMany(p => p.EnumerateArray()).Select(v => v.GetInt32())])));
        }
    }

    [Fact]
    public void Run_lengths_go_down_the_columns_and_are_packed_as_COCO_packs_them()
    {
        // pycocotools: mask.encode(np.asfortranarray([[0, 1, 1], [0, 1, 0]], dtype=np.uint8)) gives b'231'.
        Assert.Equal("231", RunLengthMask.Encode([0, 1, 1, 0, 1, 0], 3, 2, 1));
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40], Gen.Int).Sample(
            (width, height, seed) =>
            {
                Random random = new(seed);
                byte[] pixels = new byte[width * height];
                for (int i = 0; i < pixels.Length; i++)
                    pixels[i] = random.Next(20) == 0 || i == 0 ? (byte)random.Next(3) : pixels[i - 1];
                List<byte> columns = [];
                foreach ((int run, int i) in Decode(RunLengthMask.Encode(pixels, width, height, 2)).Select((run, i) => (run, i)))
                    columns.AddRange(Enumerable.Repeat((byte)(i % 2), run));
                Assert.Equal(pixels.Select(p => p == 2 ? (byte)1 : (byte)0),
                    Enumerable.Range(0, pixels.Length).Select(i => columns[i % width * height + i / width]));
            },
            iter: 200, threads: 1);
    }

    /// <summary>pycocotools' rleFrString.</summary>
    private static List<int> Decode(string text)
    {
        List<int> counts = [];
        for (int at = 0; at < text.Length;)
        {
            int value = 0, shift = 0, bits;
            do
            {
                bits = text[at++] - 48;
                value |= (bits & 0x1F) << shift;
                shift += 5;
            }
            while ((bits & 0x20) != 0);
            if ((bits & 0x10) != 0)
                value |= -1 << shift;
            counts.Add(counts.Count > 2 ? value + counts[^2] : value);
        }
        return counts;
    }

    private static int Area(int[] xy)
    {
        int twice = 0;
        for (int i = 0; i < xy.Length; i += 2)
            twice += xy[i] * xy[(i + 3) % xy.Length] - xy[(i + 2) % xy.Length] * xy[i + 1];
        return twice / 2;
    }
}
