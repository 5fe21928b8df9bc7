using CsCheck;
using LungSeg.Engine.Backends.Cpu;

namespace LungSeg.Engine.Tests.Backends;

public sealed class UnitSharesTests
{
    [Fact]
    public void Every_unit_is_taken_once_whoever_takes_when() =>
        Gen.Select(Gen.Int[0, 300], Gen.Int[1, 9], Gen.Int[0, 8].Array[400]).Sample((units, workers, order) =>
        {
            var shares = new UnitShares(units, workers);
            for (int run = 0; run < 2; run++)
            {
                shares.Deal();
                int[] taken = new int[units];
                // Workers in any order, and then one by one until nothing is left.
                foreach (int worker in order.Select(worker => worker % workers).Concat(Enumerable.Repeat(workers - 1, units + 1)))
                {
                    if (!shares.Take(worker, out int begin, out int end)) continue;
                    Assert.InRange(begin, 0, end - 1);
                    for (int unit = begin; unit < end; unit++) taken[unit]++;
                }
                Assert.All(taken, count => Assert.Equal(1, count));
            }
        });

    [Fact]
    public void Every_unit_is_taken_once_by_workers_that_run_at_the_same_time()
    {
        const int Units = 20_000, Workers = 4;
        var shares = new UnitShares(Units, Workers);
        int[] taken = new int[Units];
        shares.Deal();
        using var start = new Barrier(Workers);
        Thread[] threads = [.. Enumerable.Range(0, Workers).Select(worker => new Thread(() =>
        {
            start.SignalAndWait();
            while (shares.Take(worker, out int begin, out int end))
            {
                for (int unit = begin; unit < end; unit++) Interlocked.Increment(ref taken[unit]);
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.All(taken, count => Assert.Equal(1, count));
    }

    [Fact]
    public void A_worker_begins_with_its_own_share_and_then_takes_the_ends_of_others()
    {
        var shares = new UnitShares(100, 2);
        shares.Deal();
        var second = new List<int>();
        while (shares.Take(1, out int begin, out int end)) second.AddRange(Enumerable.Range(begin, end - begin));
        Assert.Equal(Enumerable.Range(50, 50), second.Take(50));
        Assert.Equal(49, second.Skip(50).Max());
        Assert.Contains(49, second.Skip(50).Take(12));
        Assert.Equal(100, second.Count);
        Assert.False(shares.Take(0, out _, out _));
    }

    [Fact]
    public void One_worker_takes_all_at_once()
    {
        var shares = new UnitShares(37, 1);
        shares.Deal();
        Assert.True(shares.Take(0, out int begin, out int end));
        Assert.Equal((0, 37), (begin, end));
        Assert.False(shares.Take(0, out _, out _));
    }
}
