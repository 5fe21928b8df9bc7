using System.Globalization;
using System.Text.Json;
using LungSeg.Imaging.Masks;
using LungSeg.Imaging.Scoring;

namespace LungSeg.Imaging.Tests.Scoring;

/// <summary>
/// The second stage around its networks against what the study's own code gave for nine masks with recorded network outputs
/// (tests/data/stage2; what needs the X-rays is skipped where they are not there).
/// </summary>
public sealed class StudyScoringTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "tests", "data", "stage2");

    private static readonly JsonElement[] All =
        [.. JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "cases.json"))).RootElement.EnumerateArray()];

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, All.Length)];

    [Theory, MemberData(nameof(Cases))]
    public void Filtered_masks_and_boxes_are_the_study_s(int index)
    {
        JsonElement expected = All[index];
        LungMask filtered = Filtered(expected);
        LungMask recorded = Mask(expected, "filtered");
        Assert.True(recorded.Pixels.SequenceEqual(filtered.Pixels), "the filtered mask differs");
        Assert.Equal(
            expected.GetProperty("bbox").EnumerateArray().Select(box => string.Join(',', box.EnumerateArray())),
            StudyScoring.Boxes(filtered).Select(box => $"{box.Left},{box.Top},{box.Right},{box.Bottom}"));
    }

    [Theory, MemberData(nameof(Cases))]
    public void The_lesion_network_s_input_is_the_study_s(int index)
    {
        const int Size = 480, Step = 2699, Side = StudyScoring.Side;
        JsonElement expected = All[index];
        string path = Path.Combine(Repository.Root, "..", "shared", "cxr", expected.GetProperty("image").GetString()!);
        Assert.SkipUnless(File.Exists(path), $"{path} is not there");
        Radiograph image = ImageReader.Read(path);
        byte[] bytes = OpenCvResize.Linear(image.To8Bit(), image.Width, image.Height, image.Channels, Side, Side);
        bool isGrey = image.Channels == 1;
        byte[] bgr = [.. Enumerable.Range(0, 3 * Side * Side).Select(i => bytes[isGrey ? i / 3 : (i / 3 * 3) + 2 - (i % 3)])];
        float[] input = StudyScoring.NetworkInput(bgr, Filtered(expected), Size, Numbers(expected, "mean"), Numbers(expected, "std"));
        double[] recorded = [.. expected.GetProperty("network_input").EnumerateArray().Select(value => value.GetDouble())];
        for (int i = 0; i < recorded.Length; i++) Assert.Equal(recorded[i], input[i * Step], 1e-6);
    }

    [Theory, MemberData(nameof(Cases))]
    public void Parts_ratios_and_scores_are_the_study_s(int index)
    {
        JsonElement expected = All[index];
        Radiograph map = Read(expected, "lesions");
        float label = MathF.Round(expected.GetProperty("label").GetSingle(), MidpointRounding.ToEven);
        var lesions = new ProbabilityMap(map.Width, map.Height, Array.ConvertAll(map.Samples.ToArray(), grey => grey / 255f * label));
        (LungMask lungs, LungMask covered) = StudyScoring.Masks(Filtered(expected), lesions);
        Assert.Equal(expected.GetProperty("lung_pixels_512").GetInt32(), lungs.Area);
        Assert.Equal(expected.GetProperty("lesion_pixels_512").GetInt32(), covered.Area);
        LesionScore score = StudyScoring.Score(lungs, covered);
        int[] parts = [.. expected.GetProperty("parts").EnumerateArray().Select(part => part.GetInt32())];
        Assert.Equal(parts, score.Thirds.Select(third => third.Pixels));
        double[] ratios = [.. expected.GetProperty("ratios").EnumerateArray().Select(ratio => ratio.GetDouble())];
        Assert.Equal(ratios, score.Thirds.Select(third => third.Ratio), (a, b) => Math.Abs(a - b) < 1e-9);
        foreach (JsonProperty threshold in expected.GetProperty("score").EnumerateObject())
            Assert.Equal(threshold.Value.GetInt32(), score.At(double.Parse(threshold.Name, CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void Bicubic_resizing_keeps_what_is_the_same_everywhere_and_averages_when_it_reduces()
    {
        float[] flat = Enumerable.Repeat(0.25f, 12).ToArray();
        Assert.All(BicubicResize.Resize(flat, 4, 3, 9, 7), value => Assert.Equal(0.25f, value, 1e-6f));
        Assert.All(BicubicResize.Resize(flat, 4, 3, 2, 1, antialias: true), value => Assert.Equal(0.25f, value, 1e-6f));
        float[] stripes = [.. Enumerable.Range(0, 64).Select(i => (float)(i % 2))];
        Assert.All(BicubicResize.Resize(stripes, 64, 1, 8, 1, antialias: true), value => Assert.Equal(0.5f, value, 0.05f));
        Assert.Contains(BicubicResize.Resize(stripes, 64, 1, 9, 1), value => Math.Abs(value - 0.5f) > 0.2f);
    }

    private static LungMask Filtered(JsonElement expected)
    {
        Radiograph output = Read(expected, "lungs");
        float[] values = Array.ConvertAll(output.Samples.ToArray(), grey => grey / 255f);
        return StudyCleanup.Apply(new ProbabilityMap(output.Width, output.Height, values).Threshold(0.5f));
    }

    private static LungMask Mask(JsonElement expected, string name)
    {
        Radiograph image = Read(expected, name);
        return new LungMask(image.Width, image.Height, Array.ConvertAll(image.Samples.ToArray(), grey => (byte)(grey > 127 ? 1 : 0)));
    }

    private static Radiograph Read(JsonElement expected, string name) =>
        ImageReader.Read(Path.Combine(Folder, expected.GetProperty(name).GetString()!));

    private static float[] Numbers(JsonElement expected, string name) =>
        [.. expected.GetProperty(name).EnumerateArray().Select(value => value.GetSingle())];
}
