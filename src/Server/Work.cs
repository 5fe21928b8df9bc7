using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using LungSeg.Imaging;
using LungSeg.Imaging.Dicom;
using LungSeg.Imaging.Outputs;
using LungSeg.IO;
using LungSeg.Models;
using LungSeg.Server.Rules;
using LungSeg.Server.Spooling;

namespace LungSeg.Server;

/// <summary>How often something is tried, and how long after a failure.</summary>
/// <param name="First">The wait after the first failure; each next one is twice as long.</param>
/// <param name="Longest">The longest wait.</param>
/// <param name="Tries">Failures after which the item is parked.</param>
internal sealed record RetryPolicy(TimeSpan First, TimeSpan Longest, int Tries)
{
    /// <summary>Of work: a fault of the machine passes soon or not at all.</summary>
    public static RetryPolicy Work { get; } = new(TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(1), 5);

    /// <summary>Of deliveries: an archive may be down for a weekend.</summary>
    public static RetryPolicy Delivery { get; } = new(TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(10), 480);

    public TimeSpan After(int failures) =>
        TimeSpan.FromSeconds(Math.Min(First.TotalSeconds * Math.Pow(2, Math.Min(failures, 30) - 1), Longest.TotalSeconds));
}

/// <summary>
/// The one queue: threads that each take the next item, segment it, and write its results into its directory in the spool. An image that
/// cannot be read is parked at once, since trying again would not help; other faults are tried again; an image in work when the process
/// ended three times is parked.
/// </summary>
internal sealed class Work(
    Spool spool, LungSegmenter segmenter, DicomOptions dicom, ResultOptions results, LiveRules rules, RetryPolicy retries, Log log)
    : IDisposable
{
    /// <summary>So often the process may end while an image is in work.</summary>
    public const int MaxCrashes = 3;

    private readonly BlockingCollection<Item> _queue = [];
    private readonly CancellationTokenSource _stop = new();
    private Thread[] _threads = [];

    /// <summary>Called when an item's results are there.</summary>
    public Action<Item>? Finished { get; set; }

    /// <summary>Starts the threads.</summary>
    public void Start(int threads)
    {
        _threads = [.. Enumerable.Range(1, threads).Select(number =>
            new Thread(Run) { Name = $"lungseg images {number}", IsBackground = true })];
        foreach (Thread thread in _threads) thread.Start();
    }

    public int Waiting => _queue.Count;

    public void Add(Item item)
    {
        if (item.Crashes >= MaxCrashes) Park(item, $"the service ended {item.Crashes} times while this image was in work");
        else _queue.Add(item);
    }

    /// <summary>Finishes what is in work and takes nothing more.</summary>
    public void Stop()
    {
        _stop.Cancel();
        foreach (Thread thread in _threads) thread.Join();
    }

    public void Dispose()
    {
        _stop.Dispose();
        _queue.Dispose();
    }

    private void Run()
    {
        try
        {
            foreach (Item item in _queue.GetConsumingEnumerable(_stop.Token))
            {
                Do(item);
                if (_stop.IsCancellationRequested) return;
            }
        }
        catch (OperationCanceledException)
        {
            // The service stops; what waits is in the spool.
        }
    }

    private void Do(Item item)
    {
        if (item.Removed) return;
        try
        {
            item.Append(new JournalLine { Work = DateTime.UtcNow });
            Segment(item);
            if (!item.Removed) Finished?.Invoke(item);
        }
        catch (Exception) when (item.Removed)
        {
            // The caller has gone, and the item with it.
        }
        catch (ImageException e) when (!NoMemory.Is(e))
        {
            Metrics.Failed();
            Park(item, Plain(e, item));
        }
        catch (Exception e)
        {
            Retry(item, NoMemory.Is(e) ? "not enough memory for this image" : Plain(e, item), e);
        }
        finally
        {
            Spool.EndWork(item);
        }
    }

    private void Retry(Item item, string error, Exception e)
    {
        Metrics.Failed();
        try
        {
            item.Append(new JournalLine { Failed = new Fault(error, DateTime.UtcNow) });
            if (item.Failures >= retries.Tries || item.IsDirect)
            {
                Park(item, error);
                return;
            }
        }
        catch (Exception worse) when (worse is IOException or UnauthorizedAccessException)
        {
            // The disk is full or gone: the journal says that the item is in work, and it is tried again all the same.
            e = worse;
        }
        log.Warn($"item {item.Id}: try {item.Failures} failed: {e.GetType().Name}: {error}");
        _ = Task.Delay(retries.After(Math.Max(item.Failures, 1)), _stop.Token).ContinueWith(
            _ => _queue.Add(item), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
    }

    private void Park(Item item, string error)
    {
        log.Warn($"item {item.Id}: parked: {error}");
        spool.Park(item, error);
    }

    // Names of files may hold names of patients.
    private static string Plain(Exception e, Item item)
    {
        string prefix = $"{item.Acceptance.Name}: ", message = e.Message.ReplaceLineEndings(" ");
        return message.StartsWith(prefix, StringComparison.Ordinal) ? message[prefix.Length..] : message;
    }

    private void Segment(Item item)
    {
        long start = Stopwatch.GetTimestamp();
        (string? rule, IReadOnlyList<IResultWriter> writers, IReadOnlyList<string> destinations) = Asked(item.Acceptance);
        if (writers.Count == 0)
        {
            item.Append(new JournalLine { Done = new WorkDone([], []) { Rule = rule } });
            return;
        }
        Radiograph image = ImageReader.Decode(ImageReader.ReadFile(item.Input), item.Acceptance.Name, dicom);
        LungSegmentation result = segmenter.Segment(image);
        if (item.Acceptance.Request?.Threshold is { } threshold && threshold != result.Method.Threshold)
            result = result with { Mask = segmenter.MaskAt(result, threshold), Method = result.Method with { Threshold = threshold } };
        string pixels = Sha256.TextOf(MemoryMarshal.AsBytes(image.Samples));
        WarnOfTwins(item, pixels);
        result = result with { ContentTime = ContentTime(item, pixels).ToLocalTime() };
        if (!spool.BeginResults(item)) return;
        IReadOnlyList<string> paths = ResultFiles.Write(Path.Combine(item.Results, "result"), result, writers);
        DirectoryFlush.Try(item.Directory);
        ResultFile[] files = [.. paths.Select((path, i) => File(writers[i].Name, path))];
        spool.Count(item, files.Sum(file => file.Bytes));
        item.Append(new JournalLine
        {
            Done = new WorkDone(files, destinations)
            {
                Rule = rule,
                Pixels = pixels,
                Milliseconds = Math.Round(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 1)
            },
        });
        Metrics.Segmented(DateTime.UtcNow - item.Acceptance.Time);
    }

    private (string? Rule, IReadOnlyList<IResultWriter> Writers, IReadOnlyList<string> Destinations) Asked(Acceptance image)
    {
        if (image.Request is { } request) return (null, ImageAsRead.Parse(request.Formats, results), []);
        return rules.Current.For(image) is var (rule, writers) ? (rule.Name, writers, rule.To) : (null, [], []);
    }

    private void WarnOfTwins(Item item, string pixels)
    {
        if (item.Acceptance.Dicom?.SopInstance is { Length: > 0 } instance
            && spool.Of(instance).FirstOrDefault(twin => twin.Done is { Pixels.Length: > 0 } done && done.Pixels != pixels) is { } other)
            log.Warn($"item {item.Id}: it has the SOP Instance UID of item {other.Id} and other pixels; both are kept, with results of "
            + "their own");
    }

    // The same pixels under the same identifier give the same object, whatever their coding was: it states the same time too.
    private DateTime ContentTime(Item item, string pixels) => item.Acceptance.Dicom?.SopInstance is { Length: > 0 } instance
        ? spool.Of(instance).Where(twin => twin.Done?.Pixels == pixels).Select(twin =>
        twin.Acceptance.Time).Append(item.Acceptance.Time).Min()
        : item.Acceptance.Time;

    private static ResultFile File(string format, string path)
    {
        using FileStream stream = System.IO.File.OpenRead(path);
        return new ResultFile(format, Path.GetFileName(path), stream.Length, Sha256.TextOf(stream));
    }
}
