using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Tests.Weights;

public class SyntheticWeightsTests
{
    [Theory]
    [InlineData("pan")]
    [InlineData("pspnet")]
    [InlineData("unet")]
    public void Reproduce_the_reference_input_bit_for_bit(string network)
    {
        GoldenFile golden = GoldenFile.Read(WeightData.Golden(network));
        GoldenCase small = golden.Case("small");
        Assert.Equal((1, 128, 160), (small.N, small.H, small.W));
        Assert.Equal(WeightData.Bits(golden.Expected(small, "input")), WeightData.Bits(golden.Input(small)));
    }

    [Fact]
    public void Numbers_follow_the_published_formula()
    {
        // FNV-1a of "" is its offset basis, of "a" 0xAF63DC4C8601EC8C; the rest is SplitMix64.
        Assert.Equal(UniformByBigInteger(0xCBF29CE484222325, 0), SyntheticWeights.Uniform("", 0));
        Assert.Equal(UniformByBigInteger(0xAF63DC4C8601EC8C, 41), SyntheticWeights.Uniform("a", 41));
        Assert.Equal(2 * SyntheticWeights.Uniform("é", 7) - 1, SyntheticWeights.Signed("é", 7));
    }

    [Fact]
    public void Filling_an_array_gives_the_same_numbers_as_asking_for_each()
    {
        for (int length = 0; length < 50; length++)
        {
            float[] values = new float[length];
            SyntheticWeights.Fill("k", values, 0.1f, 1);
            Assert.Equal(Enumerable.Range(0, length).Select(i => 1 + 0.1f * SyntheticWeights.Signed("k", i)), values);
        }
    }

    [Fact]
    public void Weights_are_scaled_by_key_and_dimensions()
    {
        var weights = new SyntheticWeights("salt/");
        Assert.Equal([0f], weights.Get("bn.num_batches_tracked", []).Read());
        Assert.Equal([0f, 0f], weights.Get("bn.running_mean", [2]).Read());
        Assert.Equal([1f, 1f], weights.Get("bn.running_var", [2]).Read());
        Assert.Equal(1 + 0.1f * SyntheticWeights.Signed("salt/bn.weight", 1), weights.Get("bn.weight", [2]).Read()[1]);
        Assert.Equal(0.1f * SyntheticWeights.Signed("salt/bn.bias", 1), weights.Get("bn.bias", [2]).Read()[1]);
        Parameter conv = weights.Get("conv.weight", [4, 3, 5, 7]);
        Assert.Equal(SyntheticWeights.Signed("salt/conv.weight", 419) * (float)Math.Sqrt(6.0 / 105), conv.Read()[419]);
        Assert.Equal([4, 3, 5, 7], conv.Dims);
    }

    [Fact]
    public void Running_statistics_come_from_the_golden_file_and_must_fit()
    {
        GoldenFile golden = GoldenFile.Read(WeightData.Golden("pan"));
        float[] mean = golden.Weights.Get("encoder._bn0.running_mean", [32]).Read();
        Assert.Contains(mean, value => value != 0);
        Assert.Throws<WeightException>(() => golden.Weights.Get("encoder._bn0.running_mean", [31]).Read());
        Assert.Throws<WeightException>(() => golden.Weights.Get("other.running_mean", [32]).Read());
    }

    [Fact]
    public void A_golden_file_knows_its_cases_and_samples_large_taps()
    {
        GoldenFile golden = GoldenFile.Read(WeightData.Golden("pan"));
        Assert.Equal("pan", golden.Network);
        Assert.Equal(["small", "batch", "native"], golden.Cases.Select(c => c.Tag));
        Assert.Contains("encoder.f5", golden.Case("small").Names);
        Assert.Equal(["output"], golden.Case("native").Names);

        GoldenCase small = golden.Case("small");
        Assert.Equal(2048, golden.Expected(small, "encoder.f1").Length);
        float[] ramp = [.. Enumerable.Range(0, 1_000_003).Select(i => (float)i)];
        Assert.Equal((float)(2047L * 1_000_003 / 2048), GoldenFile.Sample(ramp)[2047]);
        Assert.Equal(0, golden.Compare(small, "output", golden.Expected(small, "output")).Max);

        float[] off = golden.Expected(small, "output");
        off[5] += 0.25f;
        Assert.Equal(0.25, golden.Compare(small, "output", off).Max, 1e-6);
        off[6] = float.NaN;
        Assert.Equal(double.PositiveInfinity, golden.Compare(small, "output", off).Max);
        Assert.Throws<ShapeException>(() => golden.Compare(small, "output", new float[3]));
        Assert.Throws<CheckpointException>(() => golden.Case("large"));
        Assert.Throws<CheckpointException>(() => GoldenFile.Read(WeightData.Checkpoint("expected_state_dict.safetensors")));
    }

    private static float UniformByBigInteger(System.Numerics.BigInteger seed, int i)
    {
        System.Numerics.BigInteger mask = ulong.MaxValue;
        System.Numerics.BigInteger z = (seed + (i + 1) * (System.Numerics.BigInteger)0x9E3779B97F4A7C15) & mask;
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask;
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask;
        z ^= z >> 31;
        return (float)((double)(z >> 40) / (1 << 24));
    }
}
