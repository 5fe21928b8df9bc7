using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace LungSeg.Server.Dicom;

/// <summary>The called node did not do what it was asked; the association was in order.</summary>
internal sealed class PeerException(string message) : Exception(message);

/// <summary>How this node calls others.</summary>
/// <param name="AeTitle">Its own AE title.</param>
/// <param name="Limits">Time-outs and sizes.</param>
/// <param name="Tls">TLS for a host; null where there is none.</param>
internal sealed record CallerOptions(string AeTitle, AssociationLimits Limits, Func<string, SslClientAuthenticationOptions>? Tls);

/// <summary>
/// An association that this node asks for. After a time-out or an error of the connection it is closed, and nothing more is sent on it.
/// </summary>
internal sealed class Calling : IDisposable
{
    private readonly PduStream _pdus;
    private readonly MessageReader _messages;
    private ushort _id;

    private Calling(PduStream pdus, AssociationItems accepted, AssociationItems asked)
    {
        (_pdus, _messages) = (pdus, new MessageReader(pdus));
        Contexts =
        [
            .. accepted.Answers.Where(answer => answer.Result == ContextAnswer.Accepted)
                .Select(answer => (answer.Id, asked.Proposed.First(context => context.Id == answer.Id).AbstractSyntax,
                answer.TransferSyntax)),
        ];
    }

    /// <summary>The contexts that the peer accepted.</summary>
    public IReadOnlyList<(byte Id, string AbstractSyntax, string TransferSyntax)> Contexts { get; }

    /// <summary>Whether an error is of the connection or the peer, so that another try may help.</summary>
    public static bool IsFault(Exception e) =>
        e is IOException or SocketException or TimeoutException or PeerException or AuthenticationException or ObjectDisposedException;

    /// <summary>Connects and negotiates.</summary>
    /// <exception cref="PeerException">The node rejected the association.</exception>
    public static async Task<Calling> OpenAsync(
        Node node, CallerOptions options, IReadOnlyList<(string AbstractSyntax, IReadOnlyList<string> TransferSyntaxes)> contexts,
        IReadOnlyList<RoleSelection> roles, CancellationToken stop)
    {
        PduStream pdus = await ConnectAsync(node, options, stop).ConfigureAwait(false);
        try
        {
            var request = new AssociationItems
            {
                Called = node.AeTitle,
                Calling = options.AeTitle,
                Proposed = [.. contexts.Select((context, i) =>
                new ProposedContext((byte)(2 * i + 1), context.AbstractSyntax, context.TransferSyntaxes))],
                MaximumLength = (uint)options.Limits.MaximumPdu,
                Roles = roles,
            };
            await pdus.WriteAsync(PduType.AssociateRequest, request.ToBytes()).ConfigureAwait(false);
            Pdu answer = await pdus.ReadAsync(options.Limits.Begin, stop).ConfigureAwait(false)
                ?? throw new IOException($"{node} closed the connection instead of an answer");
            if (answer.Type == PduType.AssociateReject)
                throw new PeerException($"{node} rejected the association: {Reason(answer.Content.Span)}");
            if (answer.Type != PduType.AssociateAccept)
                throw new PeerException($"{node} answered the association request with {answer.Type}");
            AssociationItems accepted = AssociationItems.Read(answer.Content.Span);
            pdus.PeerMaximum = accepted.MaximumLength;
            return new Calling(pdus, accepted, request);
        }
        catch
        {
            pdus.Dispose();
            throw;
        }
    }

    /// <summary>Sends a request and waits for its response.</summary>
    public async Task<CommandSet> AskAsync(byte context, Func<ushort, CommandSet> request, Stream? data)
    {
        ushort id = ++_id;
        await _pdus.WriteMessageAsync(context, request(id).ToBytes(), data).ConfigureAwait(false);
        while (true)
        {
            (byte at, CommandSet answer) = await _messages.CommandAsync(_pdus.Limits.Message).ConfigureAwait(false)
                ?? throw new IOException($"the association was {_messages.Ending.ToString().ToLowerInvariant()} before the answer");
            if (answer.HasDataSet) await _messages.DataAsync(at, _ => { }).ConfigureAwait(false);
            if ((answer.Command & CommandField.Response) != 0 && answer.Number(CommandSet.RespondedId) == id) return answer;
            // A report that comes meanwhile is refused here; it may be sent to this node's own door.
            if ((answer.Command & CommandField.Response) == 0)
                await _pdus.WriteMessageAsync(at, CommandSet.ResponseTo(answer, Status.ProcessingFailure, "not on this association")
                .ToBytes(), null).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Waits for a request of the peer, such as a report on storage commitment; null where the time is over or the peer ended the
    /// association.
    /// </summary>
    public async Task<(byte Context, CommandSet Command, byte[] Data)?> WaitAsync(TimeSpan patience, int maximum)
    {
        if (await _messages.CommandAsync(patience).ConfigureAwait(false) is not var (context, command)) return null;
        return (context, command, command.HasDataSet ? await _messages.DataAsync(context, maximum).ConfigureAwait(false) : []);
    }

    public Task AnswerAsync(byte context, CommandSet response) => _pdus.WriteMessageAsync(context, response.ToBytes(), null);

    /// <summary>Ends the association in order; that the peer does not is no fault, as all was answered before.</summary>
    public async Task ReleaseAsync()
    {
        try
        {
            await _pdus.WriteAsync(PduType.ReleaseRequest, new byte[4]).ConfigureAwait(false);
            await _pdus.ReadAsync(TimeSpan.FromSeconds(5)).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or TimeoutException)
        {
            // It closed the connection its own way.
        }
    }

    public void Dispose() => _pdus.Dispose();

    private static async Task<PduStream> ConnectAsync(Node node, CallerOptions options, CancellationToken stop)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(stop);
        timer.CancelAfter(options.Limits.Begin);
        try
        {
            await socket.ConnectAsync(node.Host, node.Port, timer.Token).ConfigureAwait(false);
            Stream stream = new NetworkStream(socket, ownsSocket: true);
            if (!node.Tls) return new PduStream(stream, options.Limits);
            var encrypted = new SslStream(stream);
            await encrypted.AuthenticateAsClientAsync(options.Tls?.Invoke(node.Host) ?? throw new PeerException($"{node} is to be "
                + "reached by TLS, and there are no certificates"), timer.Token).ConfigureAwait(false);
            return new PduStream(encrypted, options.Limits);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            socket.Dispose();
            throw new TimeoutException($"{node} did not answer for {options.Limits.Begin.TotalSeconds:0.#} s");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static string Reason(ReadOnlySpan<byte> reject) => reject is [_, var result, var source, var reason, ..]
        ? $"{(result == 2 ? "for now" : "for good")}, {(source, reason) switch
        {
            (1, 2) => "application context not supported",
            (1, 3) => "calling AE title not recognized",
            (1, 7) => "called AE title not recognized",
            (3, 1) => "temporary congestion",
            (3, 2) => "local limit exceeded",
            _ => $"source {source}, reason {reason}",
        }}"
        : "without a reason";
}
