namespace LungSeg.IO.Tests;

public sealed class AllProcessorsTests
{
    [Fact]
    public void Each_number_is_worked_on_once()
    {
        int[] calls = new int[1000];
        AllProcessors.For(calls.Length, i => Interlocked.Increment(ref calls[i]));
        Assert.All(calls, count => Assert.Equal(1, count));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(100, 1)]
    [InlineData(100, 4)]
    public void An_error_comes_out_as_it_was_thrown(int count, int threads)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads };
        Assert.Throws<InvalidDataException>(() => AllProcessors.For(count, options, _ => throw new InvalidDataException()));
        // From a loop within a loop, too.
        Assert.Throws<InvalidDataException>(() =>
            AllProcessors.For(count, options, _ => AllProcessors.For(count, options, _ => throw new InvalidDataException())));
    }
}
