using System.CommandLine;
using System.Globalization;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Models;

namespace LungSeg.Cli.Runs;

/// <summary>
/// <c>--memory</c>: what the process may take. Before the network is loaded, either so few images side by side are chosen that it holds, or
/// the least that would do is named. The managed heap gets what is left: an image that does not fit into it fails alone.
/// </summary>
internal static class MemoryCeiling
{
    // Code that is loaded and compiled later than this is computed, and stacks.
    private const long Program = 72 << 20;

    // What an image of some megapixels takes from its file to its results.
    private const long Image = 32 << 20;

    private const long Mebibyte = 1 << 20;

    /// <summary><c>--memory</c>: bytes; 0 where it is not given.</summary>
    public static Option<long> Option() => new("--memory")
    {
        Description = "The most memory that the program may take, such as 256M or 2G: fewer images side by side, or refused with the least "
            + "that would do; for the CPU",
        HelpName = "SIZE",
        CustomParser = result =>
        {
            string text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
            int shift = text.EndsWith('G') ? 30 : text.EndsWith('M') ? 20 : 0;
            string number = text.Length > 0 ? text[..^1] : "";
            bool isWhole = int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int n);
            if (shift > 0 && isWhole && n > 0) return (long)n << shift;
            result.AddError($"--memory: expected a size in mebibytes or gibibytes such as 256M or 2G, found '{text}'");
            return 0;
        },
    };

    /// <summary>
    /// The division at most as wide as the wanted one with which the limit holds, and holds the managed heap to what it leaves.
    /// </summary>
    /// <exception cref="UsageException">The limit does not suffice for one image at a time, or the device is not the CPU.</exception>
    public static Division Hold(long limit, string device, Division wanted, LungSegmenterOptions options)
    {
        if (device != "cpu") throw new UsageException($"--memory is for --device cpu: '{device}' was asked for");
        var weights = NetworkWeights.Open(options);
        int size = options.NetworkSize ?? weights.Network.InputSize;
        weights.Network.CheckSize(new Shape(1, weights.Network.Options.InChannels, size, size));
        Graph graph = weights.Network.WithProbabilities().Load(weights.StateDict);
        long before = Environment.WorkingSet + Program, needed = 0;
        var needs = new Dictionary<int, MemoryNeed>();
        for (int images = wanted.Images; images > 0; images--)
        {
            for (int networks = Math.Min(wanted.Networks, images); networks > 0; networks--)
            {
                int threads = networks == 1 ? wanted.Networks * wanted.ThreadsEach : wanted.ThreadsEach;
                if (!needs.TryGetValue(threads, out MemoryNeed need)) needs[threads] = need = Need(graph, threads, 1, size);
                needed = before + need.Of(networks) + (images * Image);
                if (needed > limit) continue;
                HoldHeap(limit - before - need.Of(networks));
                return new Division(images, networks, threads);
            }
        }
        throw Refused(limit, needed, $"{weights.Network.Name} at {size} x {size}");
    }

    /// <summary>Checks that a batch fits, of a network without images.</summary>
    /// <exception cref="UsageException">It does not, or the device is not the CPU.</exception>
    public static void Check(long limit, IBackend backend, Graph graph, string name)
    {
        if (backend is not CpuBackend cpu) throw new UsageException($"--memory is for --device cpu: this is {backend.Description}");
        Shape input = graph.Input.Shape;
        MemoryNeed need = Need(graph, cpu.Threads, input.N, input.H);
        long before = Environment.WorkingSet + Program, needed = before + need.Of(1) + Image;
        if (needed > limit) throw Refused(limit, needed, $"{name} with a batch of {input.N}");
        HoldHeap(limit - before - need.Of(1));
    }

    private static MemoryNeed Need(Graph graph, int threads, int batch, int size)
    {
        using var backend = new CpuBackend(threads);
        using Model model = backend.Load(graph);
        return model.Measure(batch, size, size);
    }

    private static void HoldHeap(long bytes)
    {
        AppContext.SetData("GCHeapHardLimit", (ulong)bytes);
        GC.RefreshMemoryLimit();
    }

    private static UsageException Refused(long limit, long needed, string what) => new(
        $"--memory {limit / Mebibyte}M does not suffice for {what}: the least is --memory {(needed + Mebibyte - 1) / Mebibyte}M");
}
