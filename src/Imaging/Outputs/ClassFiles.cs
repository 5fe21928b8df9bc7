using System.Text.Json;
using LungSeg.Imaging.Classes;
using LungSeg.Imaging.Dicom;
using LungSeg.Imaging.Dicom.Writing;

namespace LungSeg.Imaging.Outputs;

/// <summary>The files that a map of several classes is written as.</summary>
internal static class ClassFiles
{
    private const int TintPercent = 40;

    private static readonly (string Name, string Extension, Action<Stream, ClassMap, ResultOptions> Write)[] All =
    [
        ("mask", ".labels.png", (stream, map, _) => ImageWriter.WritePng(stream, map.Image.Width, map.Image.Height, 1, map.Labels)),
        ("overlay", ".overlay.png", (stream, map, _) => ImageWriter.WritePng(stream, map.Image.Width, map.Image.Height, 3, Overlay(map))),
        ("json", ".json", (stream, map, _) => WriteJson(stream, map)),
        ("coco", ".coco.json", (stream, map, _) => WriteCoco(stream, map)),
        ("seg", ".seg.dcm", (stream, map, options) =>
            ClassSegmentation.Make(map, options.SegmentationType, "seg").Write(stream, options.Compression)),
    ];

    /// <summary>The formats' names.</summary>
    public static IEnumerable<string> Names => All.Select(format => format.Name);

    /// <summary>
    /// What a format's file ends in, and what writes it; throws <see cref="ArgumentException"/> for a format or kind of lungs alone.
    /// </summary>
    public static (string Extension, Action<Stream, ClassMap> Write) Of(string format, ResultOptions options)
    {
        if (format == "seg" && options.SegmentationType == SegmentationType.Fractional)
            throw new ArgumentException("seg of several classes holds bits or labels: choose binary or labelmap, not fractional");
        foreach ((string name, string extension, Action<Stream, ClassMap, ResultOptions> write) in All)
        {
            if (name == format) return (extension, (stream, map) => write(stream, map, options));
        }
        throw new ArgumentException($"the format {format} is for lungs; of several classes there are {string.Join(", ", Names)}");
    }

    /// <summary>Writes what was found of each class as the member "classes".</summary>
    public static void WriteClasses(Utf8JsonWriter json, ClassMap map)
    {
        json.WriteStartArray("classes");
        for (int number = 1; number <= map.Classes.Count; number++)
        {
            (int area, int left, int top, int right, int bottom) = map.Extent(number) ?? default;
            json.WriteStartObject();
            json.WriteNumber("label", number);
            json.WriteString("name", map.Classes[number - 1].Name);
            json.WriteNumber("area_px", area);
            json.WriteNumber("share", Math.Round((double)area / map.Labels.Length, 6));
            WriteNumbers(json, "bbox", area == 0 ? [] : [left, top, right - left, bottom - top]);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteJson(Stream stream, ClassMap map)
    {
        using Utf8JsonWriter json = new(stream, JsonWriter.Options);
        json.WriteStartObject();
        json.WriteString("program", $"{Software.Name} {Software.Version}");
        JsonFacts.WriteMethod(json, map.Method);
        JsonImage.Write(json, map.Image, map.Image.Decisions);
        WriteClasses(json, map);
        json.WriteEndObject();
    }

    private static void WriteCoco(Stream stream, ClassMap map)
    {
        using Utf8JsonWriter json = new(stream, JsonWriter.Options with { Indented = false });
        json.WriteStartObject();
        json.WriteStartArray("images");
        json.WriteStartObject();
        json.WriteNumber("id", 1);
        json.WriteString("file_name", Path.GetFileName(map.Image.Name));
        json.WriteNumber("width", map.Image.Width);
        json.WriteNumber("height", map.Image.Height);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartArray("annotations");
        for (int number = 1; number <= map.Classes.Count; number++)
        {
            if (map.Extent(number) is not var (area, left, top, right, bottom)) continue;
            json.WriteStartObject();
            json.WriteNumber("id", number);
            json.WriteNumber("image_id", 1);
            json.WriteNumber("category_id", number);
            json.WriteNumber("iscrowd", 1);
            json.WriteNumber("area", area);
            WriteNumbers(json, "bbox", [left, top, right - left, bottom - top]);
            json.WriteStartObject("segmentation");
            WriteNumbers(json, "size", [map.Image.Height, map.Image.Width]);
            json.WriteString("counts", RunLengthMask.Encode(map.Labels, map.Image.Width, map.Image.Height, (byte)number));
            json.WriteEndObject();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("categories");
        for (int number = 1; number <= map.Classes.Count; number++)
        {
            ImageClass category = map.Classes[number - 1];
            json.WriteStartObject();
            json.WriteNumber("id", number);
            json.WriteString("name", category.Name);
            WriteNumbers(json, "color", [category.Red, category.Green, category.Blue]);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static byte[] Overlay(ClassMap map)
    {
        byte[] grey = Imaging.Overlay.Grey(map.Image), rgb = new byte[3 * grey.Length];
        for (int i = 0; i < grey.Length; i++)
        {
            ImageClass? found = map.Labels[i] == 0 ? null : map.Classes[map.Labels[i] - 1];
            rgb[3 * i] = Blend(grey[i], found?.Red);
            rgb[(3 * i) + 1] = Blend(grey[i], found?.Green);
            rgb[(3 * i) + 2] = Blend(grey[i], found?.Blue);
        }
        return rgb;
    }

    private static byte Blend(byte grey, byte? color) =>
        color is { } tint ? (byte)(((grey * (100 - TintPercent)) + (tint * TintPercent)) / 100) : grey;

    private static void WriteNumbers(Utf8JsonWriter json, string name, ReadOnlySpan<int> numbers)
    {
        json.WriteStartArray(name);
        foreach (int number in numbers) json.WriteNumberValue(number);
        json.WriteEndArray();
    }
}
