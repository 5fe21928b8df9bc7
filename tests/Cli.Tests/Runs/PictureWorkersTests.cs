using LungSeg.Cli.Runs;

namespace LungSeg.Cli.Tests.Runs;

public sealed class PictureWorkersTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void However_many_pictures_there_are_only_a_few_are_alive()
    {
        const int Workers = 3, Pictures = 2000, Bytes = 1 << 20;
        int underWay = 0, most = 0, done = 0;
        long least = GC.GetTotalMemory(forceFullCollection: true), largest = 0;
        PictureWorkers.Run(Workers, Enumerable.Range(0, Pictures).ToArray(), _ =>
        {
            InterlockedMax(ref most, Interlocked.Increment(ref underWay));
            byte[] picture = new byte[Bytes];
            Interlocked.Decrement(ref underWay);
            return picture.Length;
        },
        (_, _) =>
        {
            if (++done % 250 == 0) largest = Math.Max(largest, GC.GetTotalMemory(forceFullCollection: true) - least);
        }, () => false);
        Assert.Equal(Pictures, done);
        Assert.InRange(most, 1, Workers);
        Assert.InRange(largest, long.MinValue, 16L * Bytes);
    }

    [Fact]
    public void One_picture_is_read_while_another_is_at_the_network()
    {
        // Neither can finish before the other has begun.
        using var both = new Barrier(2);
        PictureWorkers.Run(2, [0, 1], _ => both.SignalAndWait(Patience), (_, met) => Assert.True(met), () => false);
    }

    [Fact]
    public void A_stop_finishes_what_is_under_way_and_begins_nothing_else()
    {
        bool stop = false;
        List<int> begun = [], done = [];
        PictureWorkers.Run(2, Enumerable.Range(0, 100).ToArray(), i =>
        {
            lock (begun) begun.Add(i);
            if (i == 10) Volatile.Write(ref stop, true);
            return i;
        },
        (i, _) => done.Add(i), () => Volatile.Read(ref stop));
        Assert.Equal(begun.Order(), done.Order());
        Assert.InRange(done.Count, 10, 13);
    }

    [Fact]
    public void What_is_thrown_ends_the_run_and_comes_out()
    {
        int begun = 0;
        Assert.Throws<UsageException>(() => PictureWorkers.Run(3, Enumerable.Range(0, 1000).ToArray(), i =>
        {
            Interlocked.Increment(ref begun);
            return i;
        },
        (_, _) => throw new UsageException("no journal"), () => false));
        Assert.InRange(begun, 1, 10);
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (int seen = Volatile.Read(ref most); value > seen; seen = Volatile.Read(ref most))
            if (Interlocked.CompareExchange(ref most, value, seen) == seen) return;
    }
}
