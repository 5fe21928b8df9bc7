using CsCheck;
using LungSeg.Cli.Journals;

namespace LungSeg.Cli.Tests.Runs;

public sealed class ShardTests
{
    [Fact]
    public void Every_image_is_in_exactly_one_shard() => Gen.Select(Gen.String, Gen.Int[1, 40]).Sample((name, count) =>
        Assert.Single(Enumerable.Range(1, count), index => new Shard(index, count).Holds(name)), iter: 200);

    [Fact]
    public void The_hash_is_the_documented_one_for_ever()
    {
        // printf a/b.png | sha256sum begins with 88f7ec7982e1b5db: 3 modulo 4, 515 modulo 1000.
        Assert.True(new Shard(4, 4).Holds("a/b.png"));
        Assert.True(new Shard(516, 1000).Holds("a/b.png"));
    }

    [Theory]
    [InlineData("1/1", 1, 1)]
    [InlineData("2/4", 2, 4)]
    public void A_shard_is_a_part_and_a_number_of_parts(string text, int index, int count) =>
        Assert.Equal(new Shard(index, count), Shard.Parse(text, _ => null));

    [Theory]
    [InlineData("0/4")]
    [InlineData("5/4")]
    [InlineData("1/0")]
    [InlineData("-1/4")]
    [InlineData("2")]
    [InlineData("1/2/3")]
    [InlineData("a/b")]
    [InlineData("auto")]
    public void Anything_else_is_refused(string text) => Assert.Throws<UsageException>(() => Shard.Parse(text, _ => null));

    [Theory]
    [InlineData("3", "4", "0", "3", null, "4/4")]
    [InlineData("3", "4", "1", "4", "1", "3/4")]
    [InlineData("16", "4", "4", "16", "4", "4/4")]
    [InlineData("7", "3", "1", "7", "1", null)]
    [InlineData("2", null, "1", "4", "1", null)]
    [InlineData("x", "4", "1", "4", "1", null)]
    public void Slurm_s_arrays_may_begin_anywhere_but_have_no_gaps(
        string id, string? count, string min, string max, string? step, string? expected)
    {
        Dictionary<string, string?> environment = new()
        {
            ["SLURM_ARRAY_TASK_ID"] = id,
            ["SLURM_ARRAY_TASK_COUNT"] = count,
            ["SLURM_ARRAY_TASK_MIN"] = min,
            ["SLURM_ARRAY_TASK_MAX"] = max,
            ["SLURM_ARRAY_TASK_STEP"] = step,
        };
        Expect(environment, expected);
    }

    [Theory]
    [InlineData("0", "4", "1/4")]
    [InlineData("3", "4", "4/4")]
    [InlineData("4", "4", null)]
    [InlineData("0", null, null)]
    public void Kubernetes_counts_from_0_and_is_told_the_number(string index, string? count, string? expected) =>
        Expect(new() { ["JOB_COMPLETION_INDEX"] = index, ["JOB_COMPLETION_COUNT"] = count }, expected);

    private static void Expect(Dictionary<string, string?> environment, string? expected)
    {
        if (expected is null)
            Assert.Contains("--shard 2/4", Assert.Throws<UsageException>(() => Shard.Parse("auto", environment.GetValueOrDefault)).Message);
        else Assert.Equal(expected, $"{Shard.Parse("auto", environment.GetValueOrDefault)}");
    }
}
