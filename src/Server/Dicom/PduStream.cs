using System.Buffers.Binary;

namespace LungSeg.Server.Dicom;

/// <summary>The kinds of PDU (PS3.8, 9.3).</summary>
internal enum PduType : byte
{
    AssociateRequest = 1,
    AssociateAccept = 2,
    AssociateReject = 3,
    Data = 4,
    ReleaseRequest = 5,
    ReleaseReply = 6,
    Abort = 7,
}

/// <summary>A PDU: its kind, and the bytes behind its length, which are overwritten when the next one is read.</summary>
internal readonly record struct Pdu(PduType Type, ReadOnlyMemory<byte> Content);

/// <summary>Part of a message: which context, of a command or a data set, whether the last.</summary>
internal readonly record struct Pdv(byte Context, bool IsCommand, bool IsLast, ReadOnlyMemory<byte> Content);

/// <summary>Time-outs and sizes of an association.</summary>
/// <param name="Begin">For the connection and the first PDU of a peer (PS3.8's ARTIM timer).</param>
/// <param name="Message">Between the bytes of one message, and for the answer to one.</param>
/// <param name="Idle">Between messages.</param>
/// <param name="MaximumPdu">The longest P-DATA-TF that is taken.</param>
internal sealed record AssociationLimits(TimeSpan Begin, TimeSpan Message, TimeSpan Idle, int MaximumPdu)
{
    public static AssociationLimits Default { get; } =
        new(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(60), TimeSpan.FromMinutes(10), 1 << 17);
}

/// <summary>Reads and writes PDUs over a connection. After an error nothing more is sent on it but, at most, an A-ABORT.</summary>
internal sealed class PduStream(Stream stream, AssociationLimits limits) : IDisposable
{
    private const int HeaderBytes = 6, PdvHeader = 6, MaxAssociationBytes = 1 << 20, OwnMaximum = 1 << 16, MinPdu = PdvHeader + 2;
    private readonly byte[] _header = new byte[HeaderBytes];
    private byte[] _content = new byte[4096], _out = [];
    private bool _failed;

    public AssociationLimits Limits => limits;

    /// <summary>The longest P-DATA-TF that the peer takes; 0 for no limit.</summary>
    public uint PeerMaximum { get; set; }

    /// <summary>Reads a PDU; null where the peer closed the connection between two.</summary>
    /// <param name="first">The time that the first byte may take.</param>
    /// <param name="cancellation">Stops the wait for the first byte alone.</param>
    /// <exception cref="TimeoutException">It did not come in time.</exception>
    /// <exception cref="ProtocolException">It is none, or too long.</exception>
    public async Task<Pdu?> ReadAsync(TimeSpan first, CancellationToken cancellation = default)
    {
        // A wait in vain between two PDUs breaks nothing.
        if (await ReadAsync(_header.AsMemory(0, 1), first, cancellation).ConfigureAwait(false) == 0) return null;
        try
        {
            await FillAsync(_header.AsMemory(1)).ConfigureAwait(false);
            var type = (PduType)_header[0];
            long length = BinaryPrimitives.ReadUInt32BigEndian(_header.AsSpan(2));
            if (!Enum.IsDefined(type))
                throw new ProtocolException($"a PDU of the unknown type {_header[0]}", ProtocolException.UnrecognizedPdu);
            int maximum = type == PduType.Data ? limits.MaximumPdu : type is PduType.AssociateRequest or PduType.AssociateAccept
                ? MaxAssociationBytes : 64;
            if (length > maximum) throw new ProtocolException($"a PDU of {length} bytes: at most {maximum} were expected");
            if (_content.Length < length) _content = new byte[length];
            await FillAsync(_content.AsMemory(0, (int)length)).ConfigureAwait(false);
            return new Pdu(type, _content.AsMemory(0, (int)length));
        }
        catch (ProtocolException)
        {
            throw;
        }
        catch
        {
            _failed = true;
            throw;
        }
    }

    /// <summary>The parts of messages in a P-DATA-TF.</summary>
    public static List<Pdv> Parts(ReadOnlyMemory<byte> content)
    {
        var parts = new List<Pdv>();
        for (int at = 0; at < content.Length;)
        {
            ReadOnlySpan<byte> left = content.Span[at..];
            if (left.Length < PdvHeader) throw new ProtocolException("a part of a message ends before its header");
            uint length = BinaryPrimitives.ReadUInt32BigEndian(left);
            if (length < 2 || length > left.Length - 4)
                throw new ProtocolException($"a part of a message claims {length} bytes where {left.Length - 4} are left");
            parts.Add(new Pdv(left[4], (left[5] & 1) != 0, (left[5] & 2) != 0, content.Slice(at + PdvHeader, (int)length - 2)));
            at += 4 + (int)length;
        }
        return parts;
    }

    public Task WriteAsync(PduType type, ReadOnlySpan<byte> content)
    {
        byte[] pdu = new byte[HeaderBytes + content.Length];
        pdu[0] = (byte)type;
        BinaryPrimitives.WriteInt32BigEndian(pdu.AsSpan(2), content.Length);
        content.CopyTo(pdu.AsSpan(HeaderBytes));
        return SendAsync(pdu);
    }

    /// <summary>
    /// Sends a message: the command in PDUs of its own, then the data set in its own; no PDU is longer than the peer takes.
    /// </summary>
    public async Task WriteMessageAsync(byte context, byte[] command, Stream? data)
    {
        await WritePartsAsync(context, new MemoryStream(command), isCommand: true).ConfigureAwait(false);
        if (data is not null) await WritePartsAsync(context, data, isCommand: false).ConfigureAwait(false);
    }

    /// <summary>
    /// Says that the association ends at once: source 0 is the user, 2 the provider. Nothing is sent where sending or reading failed
    /// before.
    /// </summary>
    public async Task AbortAsync(byte source, byte reason)
    {
        if (_failed) return;
        try
        {
            await WriteAsync(PduType.Abort, [0, 0, source, reason]).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or TimeoutException or ObjectDisposedException)
        {
            // The peer has gone already.
        }
        _failed = true;
    }

    public void Dispose() => stream.Dispose();

    private async Task WritePartsAsync(byte context, Stream source, bool isCommand)
    {
        uint maximum = PeerMaximum == 0 ? OwnMaximum : Math.Min(PeerMaximum, OwnMaximum);
        if (maximum < MinPdu)
        {
            throw new ProtocolException($"the peer takes PDUs of {PeerMaximum} bytes, in which nothing has room",
                ProtocolException.NotSpecified);
        }
        // Parts have an even length (PS3.8, annex E).
        int room = (int)(maximum - PdvHeader) & ~1;
        if (_out.Length < HeaderBytes + PdvHeader + room) _out = new byte[HeaderBytes + PdvHeader + room];
        long left = source.Length - source.Position;
        do
        {
            int count = (int)Math.Min(left, room);
            source.ReadExactly(_out, HeaderBytes + PdvHeader, count);
            left -= count;
            _out[0] = (byte)PduType.Data;
            _out[1] = 0;
            BinaryPrimitives.WriteInt32BigEndian(_out.AsSpan(2), PdvHeader + count);
            BinaryPrimitives.WriteInt32BigEndian(_out.AsSpan(HeaderBytes), 2 + count);
            _out[HeaderBytes + 4] = context;
            _out[HeaderBytes + 5] = (byte)((isCommand ? 1 : 0) | (left == 0 ? 2 : 0));
            await SendAsync(_out.AsMemory(0, HeaderBytes + PdvHeader + count)).ConfigureAwait(false);
        }
        while (left > 0);
    }

    private async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        if (_failed) throw new IOException("the connection failed before");
        using var timer = new CancellationTokenSource(limits.Message);
        try
        {
            await stream.WriteAsync(bytes, timer.Token).ConfigureAwait(false);
            await stream.FlushAsync(timer.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _failed = true;
            throw new TimeoutException($"the peer took nothing for {limits.Message.TotalSeconds:0.#} s");
        }
        catch
        {
            _failed = true;
            throw;
        }
    }

    private async Task FillAsync(Memory<byte> target)
    {
        for (int at = 0; at < target.Length;)
        {
            int read = await ReadAsync(target[at..], limits.Message, default).ConfigureAwait(false);
            if (read == 0) throw new IOException("the peer closed the connection within a PDU");
            at += read;
        }
    }

    private async Task<int> ReadAsync(Memory<byte> target, TimeSpan patience, CancellationToken cancellation)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timer.CancelAfter(patience);
        try
        {
            return await stream.ReadAsync(target, timer.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"the peer sent nothing for {patience.TotalSeconds:0.#} s");
        }
    }
}
