namespace LungSeg.Server.Dicom;

/// <summary>How an association ended.</summary>
internal enum Ending
{
    None,
    Closed,
    Released,
    Aborted,
}

/// <summary>
/// Messages of an association: a command, then its data set where it has one. Their parts may share PDUs or have PDUs of their own.
/// </summary>
internal sealed class MessageReader(PduStream pdus)
{
    private List<Pdv> _parts = [];
    private int _next;

    /// <summary>How the peer ended the association, where it did.</summary>
    public Ending Ending { get; private set; }

    /// <summary>The next command and its context; null where the association ended.</summary>
    /// <param name="idle">The time that it may take to begin.</param>
    /// <param name="cancellation">Ends the wait for it to begin.</param>
    public async Task<(byte Context, CommandSet Command)?> CommandAsync(TimeSpan idle, CancellationToken cancellation = default)
    {
        if (await PartAsync(idle, cancellation).ConfigureAwait(false) is not { } part) return null;
        byte context = part.Context;
        using var bytes = new MemoryStream();
        while (true)
        {
            if (!part.IsCommand || part.Context != context)
                throw new ProtocolException("part of a command was expected", ProtocolException.UnexpectedPdu);
            if (bytes.Length + part.Content.Length > CommandSet.Limit)
                throw new ProtocolException($"a command of more than {CommandSet.Limit} bytes");
            bytes.Write(part.Content.Span);
            if (part.IsLast) return (context, CommandSet.Read(bytes.GetBuffer().AsSpan(0, (int)bytes.Length)));
            part = await WithinAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Reads the data set of the command that was read last.</summary>
    public async Task DataAsync(byte context, Action<ReadOnlyMemory<byte>> take)
    {
        while (true)
        {
            Pdv part = await WithinAsync().ConfigureAwait(false);
            if (part.IsCommand || part.Context != context)
                throw new ProtocolException("part of a data set was expected", ProtocolException.UnexpectedPdu);
            take(part.Content);
            if (part.IsLast) return;
        }
    }

    /// <summary>The same for a small data set.</summary>
    public async Task<byte[]> DataAsync(byte context, int maximum)
    {
        using var bytes = new MemoryStream();
        await DataAsync(context, part =>
        {
            if (bytes.Length + part.Length > maximum)
                throw new ProtocolException($"a data set of more than {maximum} bytes for this command");
            bytes.Write(part.Span);
        }).ConfigureAwait(false);
        return bytes.ToArray();
    }

    private async Task<Pdv> WithinAsync() => await PartAsync(pdus.Limits.Message, default).ConfigureAwait(false)
        ?? throw new IOException($"the association was {Ending.ToString().ToLowerInvariant()} within a message");

    private async Task<Pdv?> PartAsync(TimeSpan patience, CancellationToken cancellation)
    {
        while (_next == _parts.Count)
        {
            Pdu? read = await pdus.ReadAsync(patience, cancellation).ConfigureAwait(false);
            if (read is not { } pdu)
            {
                Ending = Ending.Closed;
                return null;
            }
            if (pdu.Type is PduType.ReleaseRequest or PduType.Abort)
            {
                Ending = pdu.Type == PduType.Abort ? Ending.Aborted : Ending.Released;
                return null;
            }
            if (pdu.Type != PduType.Data)
                throw new ProtocolException($"a PDU of the type {pdu.Type} has no place here", ProtocolException.UnexpectedPdu);
            (_parts, _next) = (PduStream.Parts(pdu.Content), 0);
        }
        return _parts[_next++];
    }
}
