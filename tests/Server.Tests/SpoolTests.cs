using LungSeg.Cli;
using LungSeg.Cli.Tests;
using LungSeg.Server.Spooling;

namespace LungSeg.Server.Tests;

/// <summary>What the spool keeps, and what it finds again.</summary>
public sealed class SpoolTests : IDisposable
{
    private static readonly SpoolLimits Limits = new(1 << 20, 100, 1 << 18, TimeSpan.FromHours(1));
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void What_was_accepted_is_found_again_and_nothing_else()
    {
        string id;
        using (Spool spool = Open())
        {
            id = Accept(spool, [1, 2, 3]).Item.Id;
            Incoming half = spool.Begin();
            half.Write([4, 5]);
        }
        using Spool again = Open();
        Item item = Assert.Single(again.Items);
        Assert.Equal((id, ItemStatus.Queued), (item.Id, item.Status));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(item.Input));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_directory["spool/incoming"]));
        Assert.Equal(3, again.Bytes);
    }

    [Fact]
    public void The_same_bytes_are_one_item_until_it_is_done_and_then_are_done_again_at_the_same_time()
    {
        using Spool spool = Open();
        List<string> ready = [];
        spool.Ready = item => ready.Add(item.Id);
        Accepted first = Accept(spool, [1]), second = Accept(spool, [1]);
        Assert.False(first.IsRepeat);
        Assert.True(second.IsRepeat);
        Assert.Same(first.Item, second.Item);
        Assert.Single(ready);
        DateTime time = first.Item.Acceptance.Time;
        first.Item.Append(new JournalLine { Done = new WorkDone([], []) });
        spool.Close(first.Item);
        Assert.False(File.Exists(first.Item.Input));
        Assert.Equal(0, spool.Bytes);

        Accepted third = Accept(spool, [1]);
        Assert.True(third.IsRepeat);
        Assert.Equal((ItemStatus.Queued, time), (third.Item.Status, third.Item.Acceptance.Time));
        Assert.Equal([1], File.ReadAllBytes(third.Item.Input));
        Assert.Equal(2, ready.Count);
        Assert.Equal(1, spool.Bytes);
    }

    [Fact]
    public void The_same_identifier_with_other_content_is_kept_beside()
    {
        using Spool spool = Open();
        var head = new ObjectHead("1.2", "1.2.3");
        Item first = Accept(spool, [1], head).Item, second = Accept(spool, [2], head).Item;
        Assert.Equal(2, spool.Items.Count);
        Assert.Equal(first.Id, second.Acceptance.Twin);
        Assert.NotEqual(first.Acceptance.Name, second.Acceptance.Name);
    }

    [Fact]
    public void Crashes_while_in_work_are_counted_across_processes_and_nothing_else_is()
    {
        for (int crash = 0; crash < 3; crash++)
        {
            using Spool spool = Open();
            Item item = crash == 0 ? Accept(spool, [1]).Item : Assert.Single(spool.Items);
            Assert.Equal(crash, item.Crashes);
            item.Append(new JournalLine { Work = DateTime.UtcNow });
        }
        using Spool last = Open();
        Item suspect = Assert.Single(last.Items);
        Assert.Equal(Work.MaxCrashes, suspect.Crashes);
        suspect.Append(new JournalLine { Failed = new Fault("x", DateTime.UtcNow) });
        Assert.Equal((0, 1), (suspect.Crashes, suspect.Failures));
    }

    [Fact]
    public void A_line_that_was_cut_short_is_cut_off_and_a_journal_that_is_none_is_set_aside()
    {
        string journal, id;
        using (Spool spool = Open())
        {
            Item item = Accept(spool, [1]).Item;
            (journal, id) = (Path.Combine(item.Directory, "journal.jsonl"), item.Id);
            Accept(spool, [2]);
        }
        long whole = new FileInfo(journal).Length;
        File.AppendAllText(journal, "{\"work\":\"2026");
        using (Spool spool = Open())
        {
            Assert.Equal(2, spool.Items.Count);
            Assert.Equal(whole, new FileInfo(journal).Length);
            spool.Find(id)!.Append(new JournalLine { Work = DateTime.UtcNow });
        }
        File.WriteAllText(journal, "{\"accepted\":7}\n");
        var events = new StringWriter();
        using Spool rest = Open(log: new Log(events, TextWriter.Null));
        Assert.Single(rest.Items);
        Assert.Single(Directory.EnumerateDirectories(_directory["spool/damaged"]));
        Assert.Contains("set aside", events.ToString());
    }

    [Fact]
    public void Limits_refuse_before_and_while_bytes_come_and_give_back_what_was_taken()
    {
        using Spool spool = Open(Limits with { Bytes = 100, ImageBytes = 80 });
        using (Incoming incoming = spool.Begin())
        {
            incoming.Write(new byte[60]);
            Assert.Throws<TooLargeException>(() => incoming.Write(new byte[21]));
            using Incoming other = spool.Begin();
            Assert.Throws<SpoolFullException>(() => other.Write(new byte[41]));
        }
        Assert.Equal(0, spool.Bytes);
        Accept(spool, new byte[80]);
        Accept(spool, new byte[20]);
        Assert.Throws<SpoolFullException>(() => spool.Begin());
        spool.Remove(spool.Items[0]);
        spool.Begin().Dispose();
        spool.Draining = true;
        Assert.Throws<SpoolFullException>(() => spool.Begin());
    }

    [Fact]
    public void Near_the_limit_of_memory_nothing_is_taken_until_there_is_room()
    {
        long used = 800;
        using Spool spool = Open();
        spool.Pressure = new MemoryPressure(1000, () => used).Reached;
        Accept(spool, [1]);
        used = 850;
        Assert.Contains("near its limit", Assert.Throws<SpoolFullException>(() => spool.Begin()).Message);
        Assert.Single(spool.Items);
        used = 849;
        Accept(spool, [2]);
        Assert.Equal(2, spool.Items.Count);
    }

    [Fact]
    public void So_many_may_wait_and_parked_ones_do_not_count()
    {
        using Spool spool = Open(Limits with { Items = 2 });
        Accept(spool, [1]);
        Item second = Accept(spool, [2]).Item;
        Assert.Throws<SpoolFullException>(() => spool.Begin());
        spool.Park(second, "no");
        Accept(spool, [3]);
        Assert.Contains("waiting", spool.Full());
    }

    [Fact]
    public void What_is_done_is_forgotten_after_a_while_and_direct_requests_at_once()
    {
        using (Spool spool = Open(Limits with { Keep = TimeSpan.Zero }))
        {
            Item item = Accept(spool, [1]).Item;
            spool.Sweep();
            Assert.Single(spool.Items);
            item.Append(new JournalLine { Done = new WorkDone([], []) });
            spool.Close(item);
            Thread.Sleep(20);
            spool.Sweep();
            Assert.Empty(spool.Items);
            Assert.False(Directory.Exists(item.Directory));

            Item direct = Accept(spool, [2], request: new ItemRequest(["json"], null, Direct: true)).Item;
            Accept(spool, [2], request: new ItemRequest(["json"], null, Direct: true));
            spool.Leave(direct);
            Assert.False(direct.Removed);
            spool.Leave(direct);
            Assert.True(direct.Removed);
        }
    }

    [Fact]
    public void A_direct_request_has_no_journal_and_is_gone_at_the_next_start()
    {
        using (Spool spool = Open())
        {
            Item item = Accept(spool, [3], request: new ItemRequest(["json"], null, Direct: true)).Item;
            item.Append(new JournalLine { Work = DateTime.UtcNow });
            Assert.Equal((ItemStatus.Working, 1L), (item.Status, spool.Bytes));
            Assert.Equal([item.Input], Directory.EnumerateFiles(_directory["spool"], "*", SearchOption.AllDirectories)
                .Where(file => Path.GetFileName(file) != "lock"));
            Assert.Same(item, spool.Find(item.Id));
        }
        using Spool later = Open();
        Assert.Empty(later.Items);
        Assert.Equal(0, later.Bytes);
        Assert.Equal([_directory["spool/lock"]], Directory.EnumerateFiles(_directory["spool"], "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void A_parked_item_is_tried_again_when_somebody_asks_and_delivered_parts_stay_delivered()
    {
        using Spool spool = Open();
        int ready = 0;
        spool.Ready = _ => ready++;
        Item item = Accept(spool, [1]).Item;
        Assert.False(spool.Retry(item));
        item.Append(new JournalLine { Done = new WorkDone([], ["a", "b"]) });
        item.Append(new JournalLine { Delivery = new DeliveryLine("a", DateTime.UtcNow) });
        item.Append(new JournalLine { Delivery = new DeliveryLine("b", DateTime.UtcNow) { Error = "down" } });
        spool.Park(item, "delivery");
        Assert.True(spool.Retry(item));
        Assert.Equal(ItemStatus.Delivering, item.Status);
        Assert.Equal(["b"], item.Open.Select(open => open.To));
        Assert.Equal(2, ready);
    }

    [Fact]
    public void Two_processes_do_not_work_in_one_spool()
    {
        using Spool spool = Open();
        Assert.Contains("in use", Assert.Throws<UsageException>(() => Open()).Message);
    }

    private Spool Open(SpoolLimits? limits = null, Log? log = null) => Spool.Open(_directory["spool"], limits ?? Limits, log ?? Log.None);

    private static Accepted Accept(Spool spool, byte[] bytes, ObjectHead? head = null, ItemRequest? request = null)
    {
        using Incoming incoming = spool.Begin();
        incoming.Write(bytes);
        return spool.Accept(incoming, sha256 => new Acceptance
        {
            Time = DateTime.UtcNow,
            Door = request is null ? Door.Dicom
                : Door.Http,
            Name = head?.SopInstance ?? "x",
            Sha256 = sha256,
            Dicom = head,
            Request = request,
        });
    }
}
