using System.Net;
using System.Net.Sockets;
using System.Text;
using LungSeg.Cli.Tests;
using LungSeg.Server.Dicom;
using LungSeg.Server.Spooling;

namespace LungSeg.Server.Tests.Dicom;

/// <summary>Storage commitment, both ways.</summary>
public sealed class CommitmentTests : IDisposable
{
    private const string Film = "1.2.840.10008.5.1.4.1.1.1.1";
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_report_comes_on_the_association_that_asked_where_no_other_way_is_known()
    {
        await using TestService service = await TestService.StartAsync(_directory, request => request with { Http = null, Commits = true });
        using var peer = new RawPeer(service.DicomPort);
        peer.Associate();
        Assert.Equal(Status.Success, peer.SendImage(RawPeer.Store(Samples.Uid(1)), RawPeer.DataSet(Samples.Dicom()))
            .Number(CommandSet.StatusElement));
        var asked = new CommitmentReport("1.2.7", "", [new(Film, Samples.Uid(1), 0), new("1.2.3", Samples.Uid(1), 0),
            new(Film, "1.2.9.9", 0)]);
        Ask(peer, asked);
        (CommandSet command, CommitmentReport report) = Report(peer);
        Assert.Equal((ushort)2, command.Number(CommandSet.EventType));
        Assert.Equal("1.2.7", report.Transaction);
        Assert.Equal([(Samples.Uid(1), 0), (Samples.Uid(1), 0x0119), ("1.2.9.9", 0x0112)],
            report.Instances.OrderBy(one => one.Failure == 0 ? 0 : 1).ThenByDescending(one => one.Failure)
            .Select(one => (one.SopInstance, (int)one.Failure)));
        Assert.Single(Directory.GetFiles(_directory["spool/reports"]));
        peer.Send(PduType.Data, RawPeer.Part(5, true, true, CommandSet.ResponseTo(command, Status.Success).ToBytes()));
        await TestService.Until(() => Directory.GetFiles(_directory["spool/reports"]).Length == 0, "the report was confirmed", 10);

        // What makes no sense is answered, and nothing is reported.
        Send(peer, Action(2), asked.ToBytes(false));
        Assert.Equal(Status.NoSuchAction, peer.Answer().Number(CommandSet.StatusElement));
        Send(peer, Action(1).Set(CommandSet.RequestedInstance, "1.2"), asked.ToBytes(false));
        Assert.Equal(Status.NoSuchInstance, peer.Answer().Number(CommandSet.StatusElement));
        Send(peer, Action(1), [1, 2, 3]);
        Assert.Equal(Status.ProcessingFailure, peer.Answer().Number(CommandSet.StatusElement));
        peer.Release();
    }

    [Fact]
    public async Task A_report_comes_on_a_new_association_with_role_selection_and_again_until_it_is_taken()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        await using TestService service = await TestService.StartAsync(_directory, request =>
            request with { Http = null, Commits = true, Peers = [$"RAW@127.0.0.1:{port}"] });
        using (var peer = new RawPeer(service.DicomPort))
        {
            peer.Associate();
            peer.SendImage(RawPeer.Store(Samples.Uid(1)), RawPeer.DataSet(Samples.Dicom()));
            Ask(peer, new CommitmentReport("1.2.8", "", [new(Film, Samples.Uid(1), 0)]));
            peer.Release();
        }
        // Nobody was there at first.
        await TestService.Until(() => service.Events.Contains("did not reach RAW", StringComparison.Ordinal), "a first try", 10);
        var reports = new List<CommitmentReport>();
        AssociationItems? request = null;
        await using var archive =
            new DicomServer(new IPEndPoint(IPAddress.Loopback, port), new NodeOptions { AeTitle = "RAW" }, async (pdus, _, _, stop) =>
        {
            request = AssociationItems.Read((await pdus.ReadAsync(TimeSpan.FromSeconds(5), stop))!.Value.Content.Span);
            await pdus.WriteAsync(PduType.AssociateAccept,
                (request with { Proposed = [], Answers = [new ContextAnswer(1, 0, Uids.Explicit)] }).ToBytes());
            var messages = new MessageReader(pdus);
            (byte context, CommandSet command) = (await messages.CommandAsync(TimeSpan.FromSeconds(5), stop))!.Value;
            reports.Add(CommitmentReport.Read(await messages.DataAsync(context, 1 << 16), isExplicit: true, ""));
            await pdus.WriteMessageAsync(context, CommandSet.ResponseTo(command, Status.Success).ToBytes(), null);
            await messages.CommandAsync(TimeSpan.FromSeconds(5), stop);
            await pdus.WriteAsync(PduType.ReleaseReply, new byte[4]);
        }, Log.None);
        await TestService.Until(() =>
            reports.Count == 1 && Directory.GetFiles(_directory["spool/reports"]).Length == 0, "the report came", 20);
        Assert.Equal((Samples.Uid(1), 0), (reports[0].Instances[0].SopInstance, reports[0].Instances[0].Failure));
        Assert.Equal(new RoleSelection(Uids.Commitment, User: false, Provider: true), Assert.Single(request!.Roles));
        Assert.Equal("LUNGSEG", request.Calling);
    }

    [Fact]
    public async Task What_was_delivered_counts_when_its_storage_is_committed_and_is_sent_again_when_not()
    {
        int stores = 0;
        var asked = new List<CommitmentReport>();
        await using var archive =
            new DicomServer(new IPEndPoint(IPAddress.Loopback, 0), new NodeOptions { AeTitle = "PACS" }, async (pdus, _, _, stop) =>
        {
            AssociationItems request = AssociationItems.Read((await pdus.ReadAsync(TimeSpan.FromSeconds(5), stop))!.Value.Content.Span);
            await pdus.WriteAsync(PduType.AssociateAccept, (request with
            {
                Proposed = [],
                Answers = [.. request.Proposed.Select(one => new ContextAnswer(one.Id, 0, one.TransferSyntaxes[0]))]
            }).ToBytes());
            var messages = new MessageReader(pdus);
            while (await messages.CommandAsync(TimeSpan.FromSeconds(5), stop) is var (context, command))
            {
                byte[] data = await messages.DataAsync(context, 1 << 24);
                if (command.Command == CommandField.Store) stores++;
                else asked.Add(CommitmentReport.Read(data, isExplicit: false, ""));
                await pdus.WriteMessageAsync(context, CommandSet.ResponseTo(command, Status.Success).ToBytes(), null);
            }
            await pdus.WriteAsync(PduType.ReleaseReply, new byte[4]);
        }, Log.None);
        string rules = _directory.Write("rules.json", Encoding.UTF8.GetBytes(
            """{"destinations":{"pacs":{"store":"PACS@127.0.0.1:PORT","commit":true}},"rules":[{"formats":["seg","sr"],"to":["pacs"]}]}"""
                .Replace("PORT", $"{archive.Port}")));
        await using TestService service = await TestService.StartAsync(_directory, request => request with { Out = null, Rules = rules });
        await ServiceTests.Stow(service, Samples.Dicom());
        await TestService.Until(() => asked.Count == 1, "storage commitment is asked for");
        Item item = Assert.Single(service.Running.Spool.Items);
        Assert.Equal(2, stores);
        Assert.Equal(ItemStatus.Delivering, item.Status);

        using var peer = new RawPeer(service.DicomPort);
        AssociationItems accepted = peer.Associate(RawPeer.Request with
        {
            Calling = "PACS",
            Roles = [new RoleSelection(Uids.Commitment, User: false, Provider: true)],
        });
        Assert.Equal(new RoleSelection(Uids.Commitment, User: false, Provider: true), Assert.Single(accepted.Roles));
        // Reports that make no sense are answered, and change nothing.
        Assert.Equal(Status.ProcessingFailure, Tell(peer, asked[0] with { Transaction = "1.2.3" }));
        Assert.Equal(Status.NoSuchEvent, Tell(peer, asked[0], 7));
        Assert.Equal(ItemStatus.Delivering, item.Status);
        // A refusal: all is sent again.
        Assert.Equal(Status.Success,
            Tell(peer, asked[0] with { Instances = [asked[0].Instances[0] with { Failure = 0x0110 }, asked[0].Instances[1]] }));
        await TestService.Until(() => asked.Count == 2, "it is asked for again");
        Assert.Equal(4, stores);
        Assert.Equal(Status.Success, Tell(peer, asked[1]));
        await service.UntilDone();
        Assert.Contains("storage was not committed for 1 objects, reason 0110", service.Events);
    }

    private static CommandSet Action(ushort type) =>
        CommandSet.Request(CommandField.Action, 3, hasDataSet: true).Set(CommandSet.RequestedClass, Uids.Commitment)
        .Set(CommandSet.RequestedInstance, Uids.CommitmentInstance).Set(CommandSet.ActionType, type);

    private static void Send(RawPeer peer, CommandSet command, byte[] data) =>
        peer.Send(PduType.Data, [.. RawPeer.Part(5, true, true, command.ToBytes()), .. RawPeer.Part(5, false, true, data)]);

    private static void Ask(RawPeer peer, CommitmentReport asked)
    {
        Send(peer, Action(1), asked.ToBytes(isExplicit: false));
        Assert.Equal(Status.Success, peer.Answer().Number(CommandSet.StatusElement));
    }

    private static (CommandSet, CommitmentReport) Report(RawPeer peer)
    {
        CommandSet command = peer.Answer();
        return (command, CommitmentReport.Read(Assert.Single(PduStream.Parts(peer.Expect(PduType.Data).Content)).Content, isExplicit: false,
            ""));
    }

    private static ushort Tell(RawPeer peer, CommitmentReport report, ushort? type = null)
    {
        CommandSet command = report.Command(9);
        if (type is { } other) command.Set(CommandSet.EventType, other);
        Send(peer, command, report.ToBytes(isExplicit: false));
        return peer.Answer().Number(CommandSet.StatusElement)!.Value;
    }
}
