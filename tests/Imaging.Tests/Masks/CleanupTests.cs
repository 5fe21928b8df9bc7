using System.IO.Hashing;
using LungSeg.Imaging.Masks;

namespace LungSeg.Imaging.Tests.Masks;

public sealed class CleanupTests
{
    private static LungMask Draw(params string[] rows) =>
        new(rows[0].Length, rows.Length, [.. string.Concat(rows).Select(c => c == '#' ? (byte)1 : (byte)0)]);

    private static string[] Show(LungMask mask) =>
        [.. mask.Pixels.ToArray().Chunk(mask.Width).Select(row => string.Concat(row.Select(p => p != 0 ? '#' : '.')))];

    [Fact]
    public void The_upstream_clean_up_is_OpenCVs_bit_for_bit()
    {
        foreach (string[] row in OpenCvCases.Rows("masks.tsv"))
        {
            LungMask mask = OpenCvCases.Mask(OpenCvCases.Number(row[0]));
            Assert.Equal(row[2], $"{Crc32.HashToUInt32(mask.Pixels):x8}");
            LungMask cleaned = StudyCleanup.Apply(mask, OpenCvCases.Number(row[1]));
            Assert.True(row[3] == $"{Crc32.HashToUInt32(cleaned.Pixels):x8}", $"clean-up of mask {row[0]}, area {row[1]}");
            LungMask saved = StudyCleanup.ResizeToSaved(cleaned);
            Assert.True(row[4] == $"{Crc32.HashToUInt32(saved.Pixels):x8}", $"saved size of mask {row[0]}");
        }
    }

    [Fact]
    public void Components_are_OpenCVs_in_number_and_size()
    {
        foreach (string[] row in OpenCvCases.Rows("masks.tsv"))
        {
            IReadOnlyList<Component> parts = ConnectedComponents.Of(OpenCvCases.Mask(OpenCvCases.Number(row[0]))).Components;
            Assert.Equal(OpenCvCases.Number(row[5]), (uint)parts.Count);
            Assert.Equal(OpenCvCases.Number(row[6]), (uint)parts.Select(p => p.Area).DefaultIfEmpty().Max());
        }
    }

    [Fact]
    public void Labels_agree_with_components()
    {
        foreach (uint seed in Enumerable.Range(1, 30).Select(s => (uint)s))
        {
            LungMask mask = OpenCvCases.Mask(seed);
            ConnectedComponents parts = ConnectedComponents.Of(mask);
            int[] labels = parts.ToLabels();
            foreach (Component part in parts.Components)
            {
                int[] at = [.. Enumerable.Range(0, labels.Length).Where(i => labels[i] == part.Label)];
                Assert.Equal(at.Length, part.Area);
                Assert.Equal((at.Min(i => i % mask.Width), at.Min(i => i / mask.Width)), (part.Left, part.Top));
                Assert.Equal((at.Max(i => i % mask.Width) + 1, at.Max(i => i / mask.Width) + 1), (part.Right, part.Bottom));
                Assert.Equal(at.Average(i => i % mask.Width), part.CenterX, 1e-9);
                Assert.Equal(at.Average(i => i / mask.Width), part.CenterY, 1e-9);
            }
            Assert.True(mask.Pixels.SequenceEqual(Array.ConvertAll(labels, l => l != 0 ? (byte)1 : (byte)0)));
        }
    }

    [Fact]
    public void The_two_largest_parts_stay_and_their_holes_are_filled()
    {
        LungMask mask = Draw(
            ".#####......##",
            ".#...#.#....#.",
            ".#.#.#......##",
            ".#...#........",
            ".#####..####.#");
        Assert.Equal(
            [
                ".#####......##",
                ".#####......#.",
                ".#####......##",
                ".#####........",
                ".#####........",
            ],
            Show(NativeCleanup.Apply(mask)));
    }

    [Fact]
    public void Parts_that_touch_by_a_corner_are_one_and_holes_leak_only_by_sides()
    {
        LungMask mask = Draw(
            "......",
            "..#...",
            ".#.#..",
            "..#...",
            "......");
        Assert.Single(ConnectedComponents.Of(mask).Components);
        Assert.Equal(
            [
                "......",
                "..#...",
                ".###..",
                "..#...",
                "......",
            ],
            Show(NativeCleanup.Apply(mask)));
    }

    [Fact]
    public void Cleaning_twice_is_cleaning_once()
    {
        foreach (uint seed in Enumerable.Range(1, 200).Select(s => (uint)s))
        {
            LungMask once = NativeCleanup.Apply(OpenCvCases.Mask(seed));
            Assert.True(once.Pixels.SequenceEqual(NativeCleanup.Apply(once).Pixels));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void An_even_mask_survives_both_clean_ups(byte value)
    {
        byte[] pixels = new byte[100 * 90];
        Array.Fill(pixels, value);
        LungMask mask = new(100, 90, pixels);
        Assert.True(NativeCleanup.Apply(mask).Pixels.SequenceEqual(pixels));
        Assert.True(StudyCleanup.Apply(mask).Pixels.SequenceEqual(pixels));
    }
}
