using LungSeg.Cli.Tests;
using LungSeg.Server.Dicom;

namespace LungSeg.Server.Tests.Dicom;

/// <summary>What peers in the field send, and what broke other nodes.</summary>
public sealed class AssociationTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private TestService _service = null!;

    public async ValueTask InitializeAsync() => _service = await TestService.StartAsync(_directory, request =>
        request with { Http = null, Associations = 3, Formats = "mask", ImageMegabytes = 1 });

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task An_image_is_accepted_answered_with_its_identifiers_and_segmented()
    {
        using var peer = new RawPeer(_service.DicomPort);
        AssociationItems accepted = peer.Associate();
        Assert.Equal([(1, 0), (3, 0), (5, 0)], accepted.Answers.Select(answer => ((int)answer.Id, (int)answer.Result)));
        CommandSet answer = peer.SendImage(RawPeer.Store(Samples.Uid(1)), RawPeer.DataSet(Samples.Dicom()));
        Assert.Equal(CommandField.Store | CommandField.Response, answer.Command);
        Assert.Equal(Status.Success, answer.Number(CommandSet.StatusElement));
        Assert.Equal((ushort)7, answer.Number(CommandSet.RespondedId));
        Assert.Equal(Samples.Uid(1), answer.Text(CommandSet.AffectedInstance));
        Assert.Equal("1.2.840.10008.5.1.4.1.1.1.1", answer.Text(CommandSet.AffectedClass));
        peer.Release();
        peer.ExpectEnd();
        await _service.UntilDone();
        Assert.Contains("sender=RAW", _service.Audit);
        Assert.DoesNotContain("Secret", _service.Audit + _service.Events);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(14u)]
    [InlineData(100u)]
    public async Task The_peers_maximum_PDU_is_honoured_and_0_is_no_limit(uint maximum)
    {
        using var source = new MemoryStream();
        using var pdus = new PduStream(source, AssociationLimits.Default) { PeerMaximum = maximum };
        byte[] command = RawPeer.Echo(1), data = new byte[301 * 1000];
        await pdus.WriteMessageAsync(9, command, new MemoryStream(data));
        source.Position = 0;
        using var reader = new PduStream(source, AssociationLimits.Default);
        List<Pdv> parts = [];
        bool mixed = false;
        while (await reader.ReadAsync(TimeSpan.FromSeconds(1)) is { } pdu)
        {
            Assert.True(maximum == 0 || pdu.Content.Length <= maximum);
            List<Pdv> here = PduStream.Parts(pdu.Content.ToArray());
            mixed |= here.Select(part => part.IsCommand).Distinct().Count() > 1;
            parts.AddRange(here);
        }
        // Command and data set have PDUs of their own.
        Assert.False(mixed);
        Assert.Equal(command.Length, parts.Where(part => part.IsCommand).Sum(part => part.Content.Length));
        Assert.Equal(data.Length, parts.Where(part => !part.IsCommand).Sum(part => part.Content.Length));
        Assert.All(parts, part => Assert.Equal(0, part.Content.Length % 2));
        Assert.Equal(2, parts.Count(part => part.IsLast));
    }

    [Fact]
    public void A_command_and_its_data_set_may_share_a_PDU_and_parts_may_be_small_or_empty()
    {
        using var peer = new RawPeer(_service.DicomPort);
        peer.Associate();
        byte[] data = RawPeer.DataSet(Samples.Dicom()), command = RawPeer.Store(Samples.Uid(1)).ToBytes();
        peer.Send(PduType.Data, [.. RawPeer.Part(3, true, false, command[..10]), .. RawPeer.Part(3, true, false, []),
            .. RawPeer.Part(3, true, true, command[10..]), .. RawPeer.Part(3, false, false, data[..501])]);
        peer.Send(PduType.Data, [.. RawPeer.Part(3, false, false, data[501..]), .. RawPeer.Part(3, false, true, []),
            .. RawPeer.Part(1, true, true, RawPeer.Echo(8))]);
        Assert.Equal(Status.Success, peer.Answer().Number(CommandSet.StatusElement));
        Assert.Equal((ushort)8, peer.Answer().Number(CommandSet.RespondedId));
    }

    [Fact]
    public void Contexts_with_128_odd_ids_are_answered_each()
    {
        using var peer = new RawPeer(_service.DicomPort);
        AssociationItems accepted = peer.Associate(RawPeer.Request with
        {
            Proposed = [.. Enumerable.Range(0, 128).Select(i => new ProposedContext((byte)(2 * i + 1), i == 127 ? Uids.Verification
                : $"1.2.3.{i}", [Uids.Implicit, Uids.Explicit]))],
        });
        Assert.Equal(128, accepted.Answers.Count);
        Assert.Equal([255], accepted.Answers.Where(answer => answer.Result == 0).Select(answer => (int)answer.Id));
        Assert.All(accepted.Answers.SkipLast(1), answer => Assert.Equal(ContextAnswer.AbstractSyntaxNotSupported, answer.Result));
        peer.Send(PduType.Data, RawPeer.Part(255, true, true, RawPeer.Echo(1)));
        Assert.Equal(Status.Success, peer.Answer().Number(CommandSet.StatusElement));
    }

    [Fact]
    public void Where_nothing_is_acceptable_the_association_is_rejected()
    {
        using var peer = new RawPeer(_service.DicomPort);
        AssociationItems request = RawPeer.Request with
        {
            Proposed = [new ProposedContext(1, "1.2.840.10008.5.1.4.1.1.2", [Uids.Explicit]),
                new ProposedContext(3, "1.2.840.10008.5.1.4.1.1.1", ["1.2.840.10008.1.2.4.100"])],
        };
        Assert.Equal((1, 1, 1), peer.Rejected(request));
        peer.ExpectEnd();
    }

    [Fact]
    public void Titles_are_compared_without_the_blanks_around_and_wrong_ones_get_a_reason()
    {
        using (var peer = new RawPeer(_service.DicomPort)) peer.Associate(RawPeer.Request with { Called = " LUNGSEG ", Calling = "  X Y" });
        Assert.Equal((1, 1, 7), Reject(RawPeer.Request with { Called = "OTHER" }));
        Assert.Equal((1, 1, 7), Reject(RawPeer.Request with { Called = "" }));
        Assert.Equal((1, 1, 3), Reject(RawPeer.Request with { Calling = "" }));
        Assert.Equal((1, 1, 2), Reject(RawPeer.Request with { ApplicationContext = "1.2.3" }));
        Assert.Equal((1, 2, 2), Reject(RawPeer.Request with { ProtocolVersion = 2 }));

        (byte, byte, byte) Reject(AssociationItems request)
        {
            using var peer = new RawPeer(_service.DicomPort);
            return peer.Rejected(request);
        }
    }

    [Fact]
    public async Task More_associations_than_allowed_are_rejected_for_now()
    {
        RawPeer[] open = [.. Enumerable.Range(0, 3).Select(_ => new RawPeer(_service.DicomPort))];
        foreach (RawPeer peer in open) peer.Associate();
        using (var peer = new RawPeer(_service.DicomPort)) Assert.Equal((2, 3, 2), peer.Rejected(RawPeer.Request));
        open[0].Release();
        open[0].Dispose();
        await TestService.Until(() =>
        {
            using var peer = new RawPeer(_service.DicomPort);
            peer.Send(PduType.AssociateRequest, RawPeer.Request.ToBytes());
            return peer.Read()!.Value.Type == PduType.AssociateAccept;
        }, "one place is free again", 10);
        foreach (RawPeer peer in open) peer.Dispose();
    }

    [Fact]
    public void Identifiers_that_are_too_long_get_an_answer_with_a_reason()
    {
        using var peer = new RawPeer(_service.DicomPort);
        string tooLong = $"1.2.{new string('3', 62)}";
        AssociationItems accepted = peer.Associate(RawPeer.Request with
        {
            Proposed = [.. RawPeer.Request.Proposed, new ProposedContext(7, tooLong, [Uids.Implicit])],
        });
        Assert.Equal(ContextAnswer.AbstractSyntaxNotSupported, accepted.Answers[^1].Result);
        CommandSet answer = peer.SendImage(RawPeer.Store(tooLong), RawPeer.DataSet(Samples.Dicom()));
        Assert.Equal(Status.InvalidInstance, answer.Number(CommandSet.StatusElement));
        Assert.Contains("66 found", answer.Text(CommandSet.Comment));
        // The association goes on.
        peer.Send(PduType.Data, RawPeer.Part(1, true, true, RawPeer.Echo(1)));
        Assert.Equal(Status.Success, peer.Answer().Number(CommandSet.StatusElement));
    }

    [Fact]
    public void A_store_that_failed_is_never_answered_with_success()
    {
        using var peer = new RawPeer(_service.DicomPort);
        peer.Associate();
        byte[] data = RawPeer.DataSet(Samples.Dicom());
        Assert.Equal(Status.DataSetMismatch, peer.SendImage(RawPeer.Store("1.2.9"), data).Number(CommandSet.StatusElement));
        Assert.Equal(Status.ClassNotSupported, peer.SendImage(RawPeer.Store(Samples.Uid(1), sopClass: "1.2.840.10008.5.1.4.1.1.2"), data)
            .Number(CommandSet.StatusElement));
        Assert.Equal(Status.DataSetMismatch, peer.SendImage(RawPeer.Store(Samples.Uid(1)), [1, 2, 3, 4, 5, 6])
            .Number(CommandSet.StatusElement));
        Assert.Equal(Status.OutOfResources, peer.SendImage(RawPeer.Store(Samples.Uid(1)), [.. data, .. new byte[2 << 20]])
            .Number(CommandSet.StatusElement));
        peer.Send(PduType.Data, RawPeer.Part(3, true, true, RawPeer.Store(Samples.Uid(1)).Set(CommandSet.DataSetType, 0x0101).ToBytes()));
        Assert.Equal(Status.DataSetMismatch, peer.Answer().Number(CommandSet.StatusElement));
        _service.Running.Spool.Draining = true;
        Assert.Equal(Status.OutOfResources, peer.SendImage(RawPeer.Store(Samples.Uid(1)), data).Number(CommandSet.StatusElement));
        _service.Running.Spool.Draining = false;
        Assert.Empty(_service.Running.Spool.Items);
        Assert.Equal(0, _service.Running.Spool.Bytes);
        Assert.Equal(Status.Success, peer.SendImage(RawPeer.Store(Samples.Uid(1)), data).Number(CommandSet.StatusElement));
    }

    [Fact]
    public void An_image_that_cannot_be_kept_gets_a_failure()
    {
        using var peer = new RawPeer(_service.DicomPort);
        peer.Associate();
        string incoming = _directory["spool/incoming"];
        Directory.Delete(incoming);
        File.WriteAllText(incoming, "");
        ushort status = peer.SendImage(RawPeer.Store(Samples.Uid(1)), RawPeer.DataSet(Samples.Dicom()))
            .Number(CommandSet.StatusElement)!.Value;
        Assert.True(status is Status.ProcessingFailure or Status.OutOfResources, $"{status:X4}");
        File.Delete(incoming);
        Directory.CreateDirectory(incoming);
    }

    [Fact]
    public async Task A_connection_that_breaks_within_an_image_leaves_nothing()
    {
        using (var peer = new RawPeer(_service.DicomPort))
        {
            peer.Associate();
            peer.Send(PduType.Data, RawPeer.Part(3, true, true, RawPeer.Store(Samples.Uid(1)).ToBytes()));
            peer.Send(PduType.Data, RawPeer.Part(3, false, false, new byte[5000]));
        }
        await TestService.Until(() => _service.Events.Contains("ended early", StringComparison.Ordinal), "the end is noticed", 10);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_directory["spool/incoming"]));
        Assert.Equal(0, _service.Running.Spool.Bytes);
    }

    [Theory]
    [InlineData(new byte[] { 9, 0, 0, 0, 0, 0 }, ProtocolException.UnrecognizedPdu)]
    [InlineData(new byte[] { 2, 0, 0, 0, 0, 4, 0, 0, 0, 0 }, ProtocolException.UnexpectedPdu)]
    [InlineData(new byte[] { 4, 0, 0x7F, 0, 0, 0 }, ProtocolException.InvalidParameter)]
    [InlineData(new byte[] { 4, 0, 0, 0, 0, 6, 0, 0, 0, 9, 1, 3 }, ProtocolException.InvalidParameter)]
    [InlineData(new byte[] { 4, 0, 0, 0, 0, 8, 0, 0, 0, 4, 7, 3, 1, 2 }, ProtocolException.InvalidParameter)]
    [InlineData(new byte[] { 4, 0, 0, 0, 0, 8, 0, 0, 0, 4, 1, 2, 1, 2 }, ProtocolException.UnexpectedPdu)]
    public void What_the_protocol_has_no_place_for_is_aborted_with_a_reason(byte[] pdu, byte reason)
    {
        using var peer = new RawPeer(_service.DicomPort);
        peer.Associate();
        peer.Send(pdu);
        Assert.Equal([0, 0, 2, reason], peer.Expect(PduType.Abort).Content);
        peer.ExpectEnd();
    }

    [Fact]
    public void Operations_that_are_not_known_are_answered_and_cancels_are_not()
    {
        using var peer = new RawPeer(_service.DicomPort);
        peer.Associate();
        CommandSet find = CommandSet.Request(0x0020, 3, hasDataSet: true).Set(CommandSet.AffectedClass, "1.2");
        peer.Send(PduType.Data, [.. RawPeer.Part(3, true, true, find.ToBytes()), .. RawPeer.Part(3, false, true, [1, 2])]);
        CommandSet answer = peer.Answer();
        Assert.Equal(0x8020, answer.Command);
        Assert.Equal(Status.UnrecognizedOperation, answer.Number(CommandSet.StatusElement));
        peer.Send(PduType.Data, RawPeer.Part(1, true, true, CommandSet.Request(CommandField.Cancel, 3, hasDataSet: false).ToBytes()));
        peer.Send(PduType.Data, RawPeer.Part(1, true, true, RawPeer.Echo(4)));
        Assert.Equal((ushort)4, peer.Answer().Number(CommandSet.RespondedId));
    }

    [Fact]
    public void Requests_for_storage_commitment_are_refused_where_it_is_not_offered()
    {
        using var peer = new RawPeer(_service.DicomPort);
        peer.Associate();
        CommandSet action = CommandSet.Request(CommandField.Action, 3, hasDataSet: false).Set(CommandSet.RequestedClass, Uids.Commitment)
            .Set(CommandSet.RequestedInstance, Uids.CommitmentInstance).Set(CommandSet.ActionType, 1);
        peer.Send(PduType.Data, RawPeer.Part(5, true, true, action.ToBytes()));
        Assert.Equal(Status.ProcessingFailure, peer.Answer().Number(CommandSet.StatusElement));
    }
}

/// <summary>Who may call.</summary>
public sealed class CallerListTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Titles_and_addresses_are_allowed_by_list()
    {
        await using TestService service = await TestService.StartAsync(_directory, request =>
            request with { Http = null, Callers = ["CT1", "RAW"], Networks = ["10.0.0.0/8"] });
        using var peer = new RawPeer(service.DicomPort);
        Assert.Equal((1, 1, 1), peer.Rejected(RawPeer.Request));
        await using TestService other = await TestService.StartAsync(_directory, request =>
            request with { Http = null, Callers = ["CT1"], Networks = ["127.0.0.0/8"], Spool = _directory["other"] });
        using (var stranger = new RawPeer(other.DicomPort)) Assert.Equal((1, 1, 3), stranger.Rejected(RawPeer.Request));
        using (var friend = new RawPeer(other.DicomPort)) friend.Associate(RawPeer.Request with { Calling = "CT1" });
    }

    [Fact]
    public async Task A_silent_peer_is_closed_after_a_while_and_nothing_is_sent_to_it()
    {
        var limits = new AssociationLimits(TimeSpan.FromMilliseconds(300), TimeSpan.FromMilliseconds(300), TimeSpan.FromMilliseconds(300),
            1 << 17);
        var events = new StringWriter();
        await using var server = new DicomServer(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0),
            new NodeOptions { AeTitle = "LUNGSEG", Limits = limits },
            async (pdus, _, _, stop) =>
            await pdus.ReadAsync(limits.Begin, stop), new Log(TextWriter.Synchronized(events), TextWriter.Null));
        using (var silent = new RawPeer(server.Port)) silent.ExpectEnd();
        using (var half = new RawPeer(server.Port))
        {
            half.Send(1, 0, 0, 0);
            half.ExpectEnd();
        }
        await TestService.Until(() => events.ToString().Split("sent nothing for 0.3 s").Length == 3, "both are told of", 10);
    }

    /// <summary>fo-dicom 1359, dicoogle 710: after a time-out within a C-STORE, nothing else is sent on that association.</summary>
    [Fact]
    public async Task A_node_that_does_not_answer_a_store_is_left_and_called_anew()
    {
        var second = TimeSpan.FromSeconds(0.5);
        var caller = new CallerOptions("LUNGSEG", new AssociationLimits(second, second, second, 1 << 14), Tls: null);
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var node = Node.Parse($"PACS@127.0.0.1:{((System.Net.IPEndPoint)listener.LocalEndpoint).Port}");
        Task<(int Stores, bool Ended)> peer = Task.Run(async () =>
        {
            using System.Net.Sockets.TcpClient client = await listener.AcceptTcpClientAsync();
            using var pdus = new PduStream(client.GetStream(), AssociationLimits.Default);
            Pdu request = (await pdus.ReadAsync(TimeSpan.FromSeconds(20)))!.Value;
            AssociationItems asked = AssociationItems.Read(request.Content.Span);
            AssociationItems accept = asked with
            {
                Proposed = [],
                Answers = [.. asked.Proposed.Select(context => new ContextAnswer(context.Id, ContextAnswer.Accepted, Uids.Explicit))],
            };
            await pdus.WriteAsync(PduType.AssociateAccept, accept.ToBytes());
            int stores = 0;
            while (await pdus.ReadAsync(TimeSpan.FromSeconds(20)) is { } pdu)
            {
                if (pdu.Type != PduType.Data) return (stores, false);
                stores += PduStream.Parts(pdu.Content).Count(part => part.IsCommand && part.IsLast);
            }
            return (stores, true);
        });
        using (Calling calling = await Calling.OpenAsync(node, caller, [(Uids.StorageClasses[0], [Uids.Explicit])], [], default))
        {
            await Assert.ThrowsAsync<TimeoutException>(() => calling.AskAsync(calling.Contexts[0].Id, id =>
                CommandSet.Request(CommandField.Store, id, hasDataSet: true).Set(CommandSet.AffectedClass, Uids.StorageClasses[0])
                    .Set(CommandSet.AffectedInstance, "1.2.3").Set(CommandSet.Priority, 0), new MemoryStream(new byte[100_000])));
        }
        Assert.Equal((1, true), await peer);
    }
}
