using System.Text.Json;
using LungSeg.Cli;
using LungSeg.Imaging.Dicom;
using LungSeg.IO;

namespace LungSeg.Server.Spooling;

/// <summary>What a spool holds at most, and for how long.</summary>
/// <param name="Bytes">Of all inputs and results.</param>
/// <param name="Items">Items that are not done.</param>
/// <param name="ImageBytes">Of one image.</param>
/// <param name="Keep">How long a finished item is known, and an asynchronous job's results can be fetched.</param>
internal sealed record SpoolLimits(long Bytes, int Items, long ImageBytes, TimeSpan Keep);

/// <summary>An image was accepted: on the disk, or there already.</summary>
internal readonly record struct Accepted(Item Item, bool IsRepeat);

/// <summary>
/// The images that the service has accepted and not finished, on the disk. <see cref="Accept"/> returns when image, journal and directory
/// are flushed; after a crash at any moment each of them is found again, whole, and nothing else is. Direct requests are not: their callers
/// have gone then.
/// <code>
/// lock             held by the process that works here
/// incoming/        what is being received; emptied at the start
/// items/ID/        input, journal.jsonl, results/
/// direct/ID/       input, results/; emptied at the start
/// damaged/         items whose journal cannot be read
/// </code>
/// </summary>
internal sealed class Spool : IDisposable
{
    private const int HeadBytes = 1 << 20;
    private readonly string _incoming, _items, _direct, _damaged;
    private readonly FileStream _held;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Item> _byId = [];
    private readonly Dictionary<string, List<Item>> _byInstance = [];
    private readonly Log _log;
    private long _bytes;

    private Spool(string directory, SpoolLimits limits, Log log, FileStream held)
    {
        (Directory, Limits, _log, _held) = (directory, limits, log, held);
        (_incoming, _items, _direct, _damaged) = (Path.Combine(directory, "incoming"), Path.Combine(directory, "items"),
            Path.Combine(directory, "direct"), Path.Combine(directory, "damaged"));
    }

    public string Directory { get; }

    public SpoolLimits Limits { get; }

    /// <summary>Called with an item for which something is to be done: its work, or its deliveries.</summary>
    public Action<Item>? Ready { get; set; }

    /// <summary>Called when an item is closed or parked.</summary>
    public Action<Item>? Ended { get; set; }

    /// <summary>Why nothing is taken for now for another reason than the spool's own; null where something is.</summary>
    public Func<string?>? Pressure { get; set; }

    /// <summary>Whether nothing more is taken, as the service stops.</summary>
    public bool Draining { get; set; }

    public long Bytes => Interlocked.Read(ref _bytes);

    public IReadOnlyList<Item> Items
    {
        get
        {
            lock (_lock) return [.. _byId.Values];
        }
    }

    /// <summary>Opens a spool, made if it is not there, and reads what is in it.</summary>
    /// <exception cref="UsageException">The directory cannot be used, or another process works in it.</exception>
    public static Spool Open(string directory, SpoolLimits limits, Log log)
    {
        OutputDirectory.Check(directory);
        OutputDirectory.Prepare(directory);
        FileStream held;
        try
        {
            held = new FileStream(Path.Combine(directory, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new UsageException($"the spool '{directory}' is in use by another process: stop that one, or name another directory "
                + "with --spool", e);
        }
        var spool = new Spool(directory, limits, log, held);
        spool.Load();
        return spool;
    }

    /// <summary>Begins to receive an image, whose first bytes may be there already.</summary>
    /// <exception cref="SpoolFullException">There is no room, or the service stops.</exception>
    public Incoming Begin(ReadOnlySpan<byte> start = default)
    {
        if (Full() is { } reason) throw new SpoolFullException(reason);
        var incoming = new Incoming(this, Path.Combine(_incoming, Guid.NewGuid().ToString("N")));
        try
        {
            incoming.Write(start);
            return incoming;
        }
        catch
        {
            incoming.Dispose();
            throw;
        }
    }

    /// <summary>Why nothing is taken for now; null where something is.</summary>
    public string? Full()
    {
        if (Draining) return "the service is stopping";
        if (Pressure?.Invoke() is { } reason) return reason;
        if (Bytes >= Limits.Bytes) return $"the spool holds {Bytes >> 20} MiB, its limit is {Limits.Bytes >> 20} MiB";
        lock (_lock)
        {
            int open = _byId.Values.Count(item => item.Status is not (ItemStatus.Done or ItemStatus.Parked));
            return open >= Limits.Items ? $"{open} images are waiting, the limit is {Limits.Items}" : null;
        }
    }

    /// <summary>
    /// Takes over what was received; on the disk when this returns. A direct request is not: its caller waits for the item, and leaves it
    /// (<see cref="Leave"/>). The same bytes for the same purpose are one item: of one that is not done nothing changes, of one that is all
    /// is done again.
    /// </summary>
    /// <param name="incoming">The image, complete.</param>
    /// <param name="describe">Makes the acceptance of the image's hash; given what is known of it.</param>
    public Accepted Accept(Incoming incoming, Func<string, Acceptance> describe)
    {
        string sha256 = incoming.Hash();
        Acceptance acceptance = describe(sha256);
        bool direct = acceptance.Request is { Direct: true };
        incoming.Finish(toDisk: !direct);
        string request = acceptance.Request is null ? "" : JsonSerializer.Serialize(acceptance.Request, SpoolJson.Default.ItemRequest);
        string id = Sha256.TextOf($"{sha256}\n{(acceptance.Door == Door.Watch ? acceptance.Name : "")}\n{request}")[..32];
        Accepted accepted;
        bool ready = true;
        lock (_lock)
        {
            if (_byId.TryGetValue(id, out Item? known))
            {
                accepted = new Accepted(known, IsRepeat: true);
                ready = known.Status is ItemStatus.Done or ItemStatus.Parked;
                if (ready) TakeAgain(known, incoming);
            }
            else
            {
                accepted = new Accepted(TakeNew(id, acceptance, incoming), IsRepeat: false);
            }
            if (direct) accepted.Item.Waiters++;
        }
        Metrics.Accepted(acceptance.Door, accepted.IsRepeat);
        if (ready) Ready?.Invoke(accepted.Item);
        return accepted;
    }

    /// <summary>What the image says of itself; null where it is no DICOM object.</summary>
    public static ObjectHead? Head(Incoming incoming) => Head(incoming.Start(HeadBytes));

    /// <summary>The same of an image's first bytes.</summary>
    public static ObjectHead? Head(byte[] start)
    {
        if (DicomFile.ReadStart(start) is not (var data, var meta)) return null;
        return new ObjectHead(data.Text(Tags.SopClassUid) is { Length: > 0 } stated ? stated
            : meta.Text(Tags.MediaStorageSopClassUid), data.Text(Tags.SopInstanceUid))
        {
            Modality = data.Text(Tags.Modality).ToUpperInvariant(),
            View = data.Text(Tags.ViewPosition).ToUpperInvariant(),
            BodyPart = data.Text(Tags.BodyPartExamined).ToUpperInvariant(),
            Station = data.Text(Tags.StationName),
            Study = data.Text(Tags.StudyInstanceUid),
        };
    }

    public Item? Find(string id)
    {
        lock (_lock) return _byId.GetValueOrDefault(id);
    }

    /// <summary>Items of images with a SOP Instance UID, the first to come first.</summary>
    public IReadOnlyList<Item> Of(string instance)
    {
        lock (_lock)
            return _byInstance.TryGetValue(instance, out List<Item>? items) ? [.. items.OrderBy(item => item.Acceptance.Time)] : [];
    }

    /// <summary>A caller who waited has gone; a direct request that nobody waits for is removed.</summary>
    public void Leave(Item item)
    {
        lock (_lock)
        {
            if (--item.Waiters == 0) Remove(item);
        }
    }

    /// <summary>Gives up until somebody asks.</summary>
    public void Park(Item item, string error)
    {
        item.Append(new JournalLine { Parked = new Fault(error, DateTime.UtcNow) });
        Ended?.Invoke(item);
    }

    /// <summary>Tries once more what was parked; false where the item is not parked or its image is gone.</summary>
    public bool Retry(Item item)
    {
        lock (_lock)
        {
            if (item.Status != ItemStatus.Parked || (item.Done is null && !File.Exists(item.Input))) return false;
            item.Append(new JournalLine { Again = DateTime.UtcNow });
        }
        Ready?.Invoke(item);
        return true;
    }

    /// <summary>
    /// All is done: the image goes, and its results but for those that a caller will fetch. The journal stays for a while, so that the same
    /// image gets the same results if it comes again.
    /// </summary>
    public void Close(Item item)
    {
        item.Append(new JournalLine { Closed = DateTime.UtcNow });
        Ended?.Invoke(item);
        Shrink(item);
    }

    /// <summary>Removes an item with all that is of it.</summary>
    public void Remove(Item item)
    {
        lock (_lock)
        {
            if (!_byId.Remove(item.Id)) return;
            if (item.Acceptance.Dicom?.SopInstance is { } instance && _byInstance.TryGetValue(instance, out List<Item>? twins))
                twins.Remove(item);
            item.Removed = true;
            // Renamed first, so that no half of an item is found after a crash.
            string gone = Path.Combine(_incoming, Guid.NewGuid().ToString("N"));
            try
            {
                System.IO.Directory.Move(item.Directory, gone);
            }
            catch (IOException)
            {
                gone = item.Directory;
            }
            item.MovedTo(gone);
            Delete(gone);
            Release(item.Bytes);
            item.Bytes = 0;
        }
    }

    /// <summary>Removes what was done longer ago than it is kept.</summary>
    public void Sweep()
    {
        DateTime oldest = DateTime.UtcNow - Limits.Keep;
        foreach (Item item in Items)
            if (item.Status == ItemStatus.Done && item.Changed < oldest) Remove(item);
    }

    /// <summary>Makes the directory of an item's results, in which nothing is yet; false where the item was removed meanwhile.</summary>
    public bool BeginResults(Item item)
    {
        lock (_lock)
        {
            if (item.Removed) return false;
            System.IO.Directory.CreateDirectory(item.Results);
            return true;
        }
    }

    /// <summary>Counts what was written in an item's directory.</summary>
    public void Count(Item item, long bytes)
    {
        lock (_lock)
        {
            if (item.Removed) return;
            item.Bytes += bytes;
            Interlocked.Add(ref _bytes, bytes);
        }
    }

    /// <summary>Work on an item ended: of one that was removed meanwhile, what was written since goes too.</summary>
    public static void EndWork(Item item)
    {
        if (item.Removed && System.IO.Directory.Exists(item.Directory)) Delete(item.Directory);
    }

    /// <summary>Takes room for bytes that come.</summary>
    /// <exception cref="SpoolFullException">There is none.</exception>
    public void Reserve(long bytes)
    {
        if (Interlocked.Add(ref _bytes, bytes) <= Limits.Bytes) return;
        Interlocked.Add(ref _bytes, -bytes);
        throw new SpoolFullException($"the spool is full: its limit is {Limits.Bytes >> 20} MiB");
    }

    public void Release(long bytes) => Interlocked.Add(ref _bytes, -bytes);

    public void Dispose() => _held.Dispose();

    /// <summary>Deletes a directory; what cannot be deleted is left for the next start.</summary>
    public static void Delete(string directory)
    {
        try
        {
            System.IO.Directory.Delete(directory, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next start removes it.
        }
    }

    private Item TakeNew(string id, Acceptance acceptance, Incoming incoming)
    {
        if (acceptance.Dicom?.SopInstance is { Length: > 0 } instance && _byInstance.TryGetValue(instance, out List<Item>? twins)
            && twins.Find(twin => twin.Acceptance.Sha256 != acceptance.Sha256 && twin.Acceptance.Request is null
            && acceptance.Request is null) is { } other)
            acceptance = acceptance with { Twin = other.Id, Name = $"{acceptance.Name}-{id[..8]}" };
        Item item = Item.Create(incoming.Directory, acceptance);
        if (!item.IsDirect) DirectoryFlush.Try(incoming.Directory);
        string directory = Path.Combine(item.IsDirect ? _direct : _items, id);
        System.IO.Directory.Move(incoming.Directory, directory);
        if (!item.IsDirect) DirectoryFlush.Try(_items);
        item.MovedTo(directory);
        item.Bytes = incoming.Length;
        incoming.Keep();
        Add(item);
        return item;
    }

    private void TakeAgain(Item item, Incoming incoming)
    {
        if (item.Done is null || item.Status == ItemStatus.Done)
        {
            long before = Length(item.Input);
            File.Move(incoming.Input, item.Input, overwrite: true);
            DirectoryFlush.Try(item.Directory);
            incoming.Keep();
            item.Bytes += incoming.Length - before;
            Release(before);
        }
        item.Append(new JournalLine { Again = DateTime.UtcNow });
    }

    private void Add(Item item)
    {
        _byId[item.Id] = item;
        if (item.Acceptance.Dicom?.SopInstance is not { Length: > 0 } instance) return;
        if (!_byInstance.TryGetValue(instance, out List<Item>? items)) _byInstance[instance] = items = [];
        items.Add(item);
    }

    private void Shrink(Item item)
    {
        bool fetched = item.Acceptance.Request is not null;
        long before = item.Bytes;
        File.Delete(item.Input);
        if (!fetched && System.IO.Directory.Exists(item.Results)) Delete(item.Results);
        item.Bytes = fetched ? Size(item.Results) : 0;
        Release(before - item.Bytes);
    }

    private void Load()
    {
        foreach (string directory in (string[])[_incoming, _items, _direct, _damaged]) System.IO.Directory.CreateDirectory(directory);
        foreach (string directory in (string[])[_incoming, _direct])
            foreach (string left in System.IO.Directory.EnumerateFileSystemEntries(directory)) Delete(left);
        foreach (string directory in System.IO.Directory.EnumerateDirectories(_items))
        {
            if (Item.Load(directory) is { } item)
            {
                Add(item);
                Count(item, Length(item.Input) + Size(item.Results));
                if (item.Status == ItemStatus.Done) Shrink(item);
                continue;
            }
            string name = Path.GetFileName(directory);
            _log.Error($"item {name}: its journal cannot be read; it is set aside in damaged/");
            System.IO.Directory.Move(directory, Path.Combine(_damaged, $"{name}-{Guid.NewGuid():N}"));
        }
    }

    private static long Length(string file) => File.Exists(file) ? new FileInfo(file).Length : 0;

    private static long Size(string directory) =>
        System.IO.Directory.Exists(directory) ? new DirectoryInfo(directory).EnumerateFiles().Sum(file => file.Length) : 0;
}
