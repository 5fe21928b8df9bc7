using LungSeg.Cli.Runs;

namespace LungSeg.Cli.Tests.Runs;

public sealed class ImageWorkersTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void However_many_images_there_are_only_a_few_are_alive()
    {
        const int Workers = 3, Images = 300;
        WeakReference?[] images = new WeakReference?[Images];
        int begun = 0, done = 0, maximum = 0, alive = 0;
        ImageWorkers.Run(Workers, Enumerable.Range(0, Images).ToArray(), i =>
        {
            InterlockedMax(ref maximum, Interlocked.Increment(ref begun) - Volatile.Read(ref done));
            object image = new();
            images[i] = new WeakReference(image);
            return image;
        },
        (_, _) =>
        {
            if (Interlocked.Increment(ref done) % 30 != 0) return;
            GC.Collect();
            alive = Math.Max(alive, images.Count(image => image is { IsAlive: true }));
        }, () => false);
        Assert.Equal(Images, done);
        Assert.InRange(maximum, 1, Workers);
        // A thread holds the one that it makes and perhaps, in a variable, the one before.
        Assert.InRange(alive, 0, 2 * Workers);
    }

    [Fact]
    public void One_image_is_read_while_another_is_at_the_network()
    {
        // Neither can finish before the other has begun.
        using var both = new Barrier(2);
        ImageWorkers.Run(2, [0, 1], _ => both.SignalAndWait(Patience), (_, met) => Assert.True(met), () => false);
    }

    [Fact]
    public void A_stop_finishes_what_is_under_way_and_begins_nothing_else()
    {
        bool stop = false;
        List<int> begun = [], done = [];
        ImageWorkers.Run(2, Enumerable.Range(0, 100).ToArray(), i =>
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
        Assert.Throws<UsageException>(() => ImageWorkers.Run(3, Enumerable.Range(0, 1000).ToArray(), i =>
        {
            Interlocked.Increment(ref begun);
            return i;
        },
        (_, _) => throw new UsageException("no journal"), () => false));
        Assert.InRange(begun, 1, 10);
    }

    private static void InterlockedMax(ref int maximum, int value)
    {
        for (int seen = Volatile.Read(ref maximum); value > seen; seen = Volatile.Read(ref maximum))
            if (Interlocked.CompareExchange(ref maximum, value, seen) == seen) return;
    }
}
