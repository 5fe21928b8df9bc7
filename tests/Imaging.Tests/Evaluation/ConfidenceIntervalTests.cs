using CsCheck;
using LungSeg.Imaging.Evaluation;

namespace LungSeg.Imaging.Tests.Evaluation;

public sealed class ConfidenceIntervalTests
{
    [Fact]
    public void The_interval_is_the_same_on_every_run_and_holds_the_mean()
    {
        Gen.Double[0, 1].Array[2, 40].Sample(values =>
        {
            ConfidenceInterval interval = ConfidenceInterval.OfMean(values)!.Value;
            Assert.Equal(interval, ConfidenceInterval.OfMean(values)!.Value);
            Assert.InRange(values.Average(), interval.Low - 1e-12, interval.High + 1e-12);
            Assert.True(interval.Low >= values.Min() - 1e-12 && interval.High <= values.Max() + 1e-12);
        }, iter: 50);
    }

    [Fact]
    public void Its_width_is_that_of_the_normal_approximation_for_many_values()
    {
        double[] values = [.. Enumerable.Range(0, 400).Select(i => (i * 37 % 400) / 400.0)];
        ConfidenceInterval interval = ConfidenceInterval.OfMean(values)!.Value;
        double mean = values.Average(), error = 1.96 * Math.Sqrt(values.Average(v => (v - mean) * (v - mean)) / values.Length);
        Assert.Equal(mean - error, interval.Low, 0.15 * error);
        Assert.Equal(mean + error, interval.High, 0.15 * error);
    }

    [Fact]
    public void Equal_values_leave_no_doubt_and_a_single_value_leaves_it_all()
    {
        Assert.Equal(new ConfidenceInterval(0.5, 0.5), ConfidenceInterval.OfMean([0.5, 0.5, 0.5]));
        Assert.Null(ConfidenceInterval.OfMean([0.5]));
        Assert.Null(ConfidenceInterval.OfMean([]));
    }

    [Fact]
    public void Quantiles_are_linear_between_values()
    {
        Assert.Equal(2.5, Quantile.OfSorted([1, 2, 3, 4], 0.5));
        Assert.Equal(3.85, Quantile.OfSorted([1, 2, 3, 4], 0.95), 12);
        Assert.Equal(7, Quantile.OfSorted([7], 0.95));
        Assert.Throws<ArgumentException>(() => Quantile.OfSorted([], 0.5));
    }
}
