namespace LungSeg.Cli.Runs;

/// <summary>
/// How a run divides the processor: so many images under way, so many of them at the network, each with so many threads. Over many
/// images each network has one thread, as threads that share one network wait for each other; few images have all threads in turn.
/// </summary>
internal readonly record struct Division(int Images, int Networks, int ThreadsEach)
{
    /// <summary>An image under way may take some hundred megabytes.</summary>
    private const long BytesOfImage = 512L << 20;

    /// <summary>The memory of the machine, or what a container has of it.</summary>
    public static long AvailableBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>Divides threads for a number of images and the memory. One image more than threads is under way, to be read and written meanwhile.</summary>
    public static Division Of(int images, int threads, long availableBytes)
    {
        int fit = (int)Math.Clamp(availableBytes / BytesOfImage, 1, threads + 1);
        return images < 2 * threads ? new Division(Math.Min(fit, images), 1, threads) : new Division(fit, Math.Min(threads, fit), fit == 1 ? threads : 1);
    }

    /// <summary>The same for a device with threads of its own: one image is copied there and back while another is computed.</summary>
    public Division OnDevice() => this with { Networks = Math.Min(2, Images), ThreadsEach = 0 };

    public override string ToString() => $"{Images}, of which {Networks} at the network" + ThreadsEach switch
    {
        0 => "",
        1 => " with 1 thread each",
        _ => $" with {ThreadsEach} threads",
    };
}
