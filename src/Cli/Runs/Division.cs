namespace LungSeg.Cli.Runs;

/// <summary>
/// How the images of a run share the processor: images in progress, how many of them are at the network, and threads for each. With many
/// images each network has one thread, because threads that share one image wait for each other; few images have all threads in turn.
/// </summary>
internal readonly record struct Division(int Images, int Networks, int ThreadsEach)
{
    /// <summary>An image in progress may take some hundred megabytes.</summary>
    private const long BytesOfImage = 512L << 20;

    /// <summary>The memory of the machine or container.</summary>
    public static long AvailableBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>Divides threads and memory. One image more than threads is in progress: it is read or written meanwhile.</summary>
    public static Division Of(int images, int threads, long availableBytes)
    {
        int fit = (int)Math.Clamp(availableBytes / BytesOfImage, 1, threads + 1);
        return images < 2 * threads
            ? new Division(Math.Min(fit, images), 1, threads)
            : new Division(fit, Math.Min(threads, fit), fit == 1 ? threads : 1);
    }

    /// <summary>The division on a device with threads of its own: one image is copied to or from it while another is computed.</summary>
    public Division OnDevice() => this with { Networks = Math.Min(2, Images), ThreadsEach = 0 };

    public override string ToString() => $"{Images}, of which {Networks} at the network" + ThreadsEach switch
    {
        0 => "",
        1 => " with 1 thread each",
        _ => $" with {ThreadsEach} threads",
    };
}
