using System.Net;
using LungSeg.Imaging.Dicom.Writing;
using LungSeg.Server.Spooling;

namespace LungSeg.Server.Dicom;

/// <summary>
/// An association that a peer asked for: C-ECHO and C-STORE, storage commitment when it is asked of us or reported to us. A C-STORE is
/// answered with success when the image is in the spool, flushed; never otherwise.
/// </summary>
internal sealed class AcceptedAssociation(PduStream pdus, NodeOptions options, Spool spool, Commitments commitments, Log log)
{
    private const int MaxCommitmentBytes = 16 << 20;
    private static readonly TimeSpan CloseTime = TimeSpan.FromSeconds(2);
    private readonly MessageReader _messages = new(pdus);
    private Dictionary<byte, (string AbstractSyntax, string TransferSyntax)> _contexts = [];
    private AssociationItems _request = null!;

    /// <summary>Serves the association to its end.</summary>
    /// <param name="address">The peer's.</param>
    /// <param name="rejection">Why it is rejected whatever it asks for; null where it is not.</param>
    /// <param name="stop">Ends it between two messages.</param>
    public async Task ServeAsync(IPAddress address, Rejection? rejection, CancellationToken stop)
    {
        try
        {
            if (!await BeginAsync(address, rejection).ConfigureAwait(false)) return;
            while (await NextAsync(stop).ConfigureAwait(false) is var (context, command))
                await AnswerAsync(context, command).ConfigureAwait(false);
            if (_messages.Ending == Ending.Released) await pdus.WriteAsync(PduType.ReleaseReply, new byte[4]).ConfigureAwait(false);
            if (_messages.Ending == Ending.Released) await CloseAsync().ConfigureAwait(false);
        }
        catch (ProtocolException e)
        {
            log.Warn($"the association with {_request?.Calling ?? address.ToString()} was aborted: {e.Message}");
            await pdus.AbortAsync(2, e.Reason).ConfigureAwait(false);
            await CloseAsync().ConfigureAwait(false);
        }
        finally
        {
            commitments.AssociationEnded(this);
        }
    }

    private async Task<(byte, CommandSet)?> NextAsync(CancellationToken stop)
    {
        try
        {
            return await _messages.CommandAsync(options.Limits.Idle, stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await pdus.AbortAsync(0, 0).ConfigureAwait(false);
            return null;
        }
    }

    private async Task<bool> BeginAsync(IPAddress address, Rejection? rejection)
    {
        if (await pdus.ReadAsync(options.Limits.Begin).ConfigureAwait(false) is not { } pdu) return false;
        if (pdu.Type != PduType.AssociateRequest)
            throw new ProtocolException("an association request was expected", ProtocolException.UnexpectedPdu);
        _request = AssociationItems.Read(pdu.Content.Span);
        IReadOnlyList<ContextAnswer> answers = Negotiation.Answer(_request, options);
        rejection ??= Negotiation.Check(_request, options, address)
            ?? (answers.All(answer => answer.Result != ContextAnswer.Accepted) ? Rejection.NothingAcceptable : null);
        Metrics.Association(rejected: rejection is not null);
        if (rejection is { } no)
        {
            log.Info($"an association from {address} was rejected: {no.Text}");
            await pdus.WriteAsync(PduType.AssociateReject, [0, no.Result, no.Source, no.Reason]).ConfigureAwait(false);
            await CloseAsync().ConfigureAwait(false);
            return false;
        }
        _contexts = answers.Where(answer => answer.Result == ContextAnswer.Accepted)
            .ToDictionary(answer => answer.Id, answer =>
            (_request.Proposed.First(context => context.Id == answer.Id).AbstractSyntax, answer.TransferSyntax));
        pdus.PeerMaximum = _request.MaximumLength;
        AssociationItems accept = _request with
        {
            ProtocolVersion = 1,
            Proposed = [],
            Answers = answers,
            MaximumLength = (uint)options.Limits.MaximumPdu,
            Roles = Negotiation.Roles(_request),
        };
        await pdus.WriteAsync(PduType.AssociateAccept, accept.ToBytes()).ConfigureAwait(false);
        return true;
    }

    // The one who got the last word closes; it is waited for, so that the word is not lost.
    private async Task CloseAsync()
    {
        try
        {
            while (await pdus.ReadAsync(CloseTime).ConfigureAwait(false) is not null)
            {
            }
        }
        catch (Exception e) when (e is IOException or TimeoutException)
        {
            // It goes its own way.
        }
    }

    private Task AnswerAsync(byte context, CommandSet command)
    {
        if (!_contexts.TryGetValue(context, out (string AbstractSyntax, string TransferSyntax) agreed))
            throw new ProtocolException($"a message in the presentation context {context}, which was not accepted");
        return command.Command switch
        {
            CommandField.Echo => SendAsync(context, CommandSet.ResponseTo(command, Status.Success)),
            CommandField.Store => StoreAsync(context, command, agreed.AbstractSyntax, agreed.TransferSyntax),
            CommandField.Action => ActionAsync(context, command, agreed.TransferSyntax),
            CommandField.EventReport => ReportAsync(context, command, agreed.TransferSyntax),
            CommandField.EventReport | CommandField.Response => ConfirmAsync(context, command),
            CommandField.Cancel => Task.CompletedTask,
            _ => RefuseAsync(context, command),
        };
    }

    private async Task RefuseAsync(byte context, CommandSet command)
    {
        if (command.HasDataSet) await _messages.DataAsync(context, _ => { }).ConfigureAwait(false);
        if ((command.Command & CommandField.Response) == 0)
            await SendAsync(context, CommandSet.ResponseTo(command, Status.UnrecognizedOperation, "the operation is not supported"))
            .ConfigureAwait(false);
    }

    private Task SendAsync(byte context, CommandSet response) => pdus.WriteMessageAsync(context, response.ToBytes(), null);

    private async Task StoreAsync(byte context, CommandSet command, string abstractSyntax, string transferSyntax)
    {
        string sopClass = command.Text(CommandSet.AffectedClass), instance = command.Text(CommandSet.AffectedInstance);
        (ushort status, string? reason) = !command.HasDataSet ? (Status.DataSetMismatch, "a data set was expected")
            : sopClass != abstractSyntax ? (Status.ClassNotSupported, "the SOP class is not that of the presentation context")
            : !Uids.IsValid(instance)
            ? (Status.InvalidInstance, $"a SOP Instance UID of 1 to 64 digits and dots expected; {instance.Length} found")
            : (Status.Success, (string?)null);
        Incoming? incoming = null;
        try
        {
            if (status == Status.Success) (status, reason) = Try(() => incoming = Begin(sopClass, instance, transferSyntax));
            if (command.HasDataSet)
            {
                await _messages.DataAsync(context, part =>
                {
                    if (status == Status.Success) (status, reason) = Try(() => incoming!.Write(part.Span));
                }).ConfigureAwait(false);
            }
            if (status == Status.Success) (status, reason) = Take(incoming!, sopClass, instance);
        }
        finally
        {
            incoming?.Dispose();
        }
        if (status != Status.Success)
        {
            Metrics.Refused();
            log.Warn($"an image from {_request.Calling} was not accepted, status {status:X4}: {reason}");
        }
        await SendAsync(context, CommandSet.ResponseTo(command, status, reason)).ConfigureAwait(false);
    }

    private Incoming Begin(string sopClass, string instance, string transferSyntax)
    {
        using var start = new MemoryStream();
        DicomFileWriter.WriteStart(start, sopClass, instance, transferSyntax);
        return spool.Begin(start.GetBuffer().AsSpan(0, (int)start.Length));
    }

    private (ushort, string?) Take(Incoming incoming, string sopClass, string instance)
    {
        if (Spool.Head(incoming) is not { } head) return (Status.CannotUnderstand, "the data set cannot be read");
        if (head.SopClass != sopClass || head.SopInstance != instance)
            return (Status.DataSetMismatch, "class or instance of the data set are not the command's");
        return Try(() => spool.Accept(incoming, sha256 => new Acceptance
        {
            Time = DateTime.UtcNow,
            Door = Door.Dicom,
            Sender = _request.Calling,
            Name = instance,
            Sha256 = sha256,
            Dicom = head,
        }));
    }

    private static (ushort, string?) Try(Action action)
    {
        try
        {
            action();
            return (Status.Success, null);
        }
        catch (Exception e) when (e is SpoolFullException or TooLargeException)
        {
            return (Status.OutOfResources, e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (Status.ProcessingFailure, "the image cannot be kept");
        }
    }

    private async Task ActionAsync(byte context, CommandSet command, string transferSyntax)
    {
        byte[] data = command.HasDataSet ? await _messages.DataAsync(context, MaxCommitmentBytes).ConfigureAwait(false) : [];
        (ushort status, string? reason) = !options.Commits ? (Status.ProcessingFailure, "this node does not commit to storage")
            : command.Number(CommandSet.ActionType) != 1 ? (Status.NoSuchAction, "the action type 1 was expected")
            : command.Text(CommandSet.RequestedInstance) != Uids.CommitmentInstance
            ? (Status.NoSuchInstance, "the storage commitment instance was expected")
            : (Status.Success, (string?)null);
        CommitmentReport? report = null;
        if (status == Status.Success) (status, reason, report) = commitments.Take(data, transferSyntax == Uids.Explicit, _request.Calling);
        await SendAsync(context, CommandSet.ResponseTo(command, status, reason)).ConfigureAwait(false);
        if (report is not null && !commitments.ByNewAssociation(report))
        {
            ushort id = commitments.NextId();
            commitments.Expect(this, id, report);
            await pdus.WriteMessageAsync(context, report.Command(id).ToBytes(),
                new MemoryStream(report.ToBytes(transferSyntax == Uids.Explicit))).ConfigureAwait(false);
        }
    }

    private async Task ReportAsync(byte context, CommandSet command, string transferSyntax)
    {
        byte[] data = command.HasDataSet ? await _messages.DataAsync(context, MaxCommitmentBytes).ConfigureAwait(false) : [];
        (ushort status, string? reason) = commitments.Reported(command, data, transferSyntax == Uids.Explicit);
        if (reason is not null) log.Warn($"a storage commitment report from {_request.Calling} was answered with {status:X4}: {reason}");
        await SendAsync(context, CommandSet.ResponseTo(command, status, reason)).ConfigureAwait(false);
    }

    private async Task ConfirmAsync(byte context, CommandSet command)
    {
        if (command.HasDataSet) await _messages.DataAsync(context, _ => { }).ConfigureAwait(false);
        commitments.Confirmed(this, command.Number(CommandSet.RespondedId) ?? 0);
    }
}
