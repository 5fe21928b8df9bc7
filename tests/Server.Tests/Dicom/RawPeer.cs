using System.Buffers.Binary;
using System.Net.Sockets;
using LungSeg.Server.Dicom;

namespace LungSeg.Server.Tests.Dicom;

/// <summary>A peer that sends any bytes, right or wrong, and reads what comes back.</summary>
internal sealed class RawPeer : IDisposable
{
    private const string Film = "1.2.840.10008.5.1.4.1.1.1.1";
    private readonly TcpClient _client = new();
    private readonly NetworkStream _stream;

    public RawPeer(int port)
    {
        _client.Connect("127.0.0.1", port);
        _stream = _client.GetStream();
        _stream.ReadTimeout = 20_000;
    }

    public static AssociationItems Request { get; } = new()
    {
        Called = "LUNGSEG",
        Calling = "RAW",
        Proposed = [new ProposedContext(1, Uids.Verification, [Uids.Implicit]), new ProposedContext(3, Film, [Uids.Explicit]),
        new ProposedContext(5, Uids.Commitment, [Uids.Implicit])],
        MaximumLength = 16384,
    };

    public void Send(params byte[] bytes) => _stream.Write(bytes);

    public void Send(PduType type, params byte[] content)
    {
        byte[] pdu = [(byte)type, 0, 0, 0, 0, 0, .. content];
        BinaryPrimitives.WriteInt32BigEndian(pdu.AsSpan(2), content.Length);
        Send(pdu);
    }

    /// <summary>A part of a message.</summary>
    public static byte[] Part(byte context, bool isCommand, bool isLast, byte[] content)
    {
        byte[] part = [0, 0, 0, 0, context, (byte)((isCommand ? 1 : 0) | (isLast ? 2 : 0)), .. content];
        BinaryPrimitives.WriteInt32BigEndian(part, content.Length + 2);
        return part;
    }

    /// <summary>The next PDU; null where the peer closed the connection.</summary>
    public (PduType Type, byte[] Content)? Read()
    {
        byte[] header = new byte[6];
        if (_stream.ReadAtLeast(header, 6, throwOnEndOfStream: false) < 6) return null;
        byte[] content = new byte[BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(2))];
        _stream.ReadExactly(content);
        return ((PduType)header[0], content);
    }

    public (PduType Type, byte[] Content) Expect(PduType type)
    {
        (PduType Type, byte[] Content) read = Read() ?? throw new EndOfStreamException($"{type} was expected");
        Assert.True(type == read.Type, $"{type} was expected, {read.Type} came: "
            + $"{Convert.ToHexString(read.Content.AsSpan(0, Math.Min(16, read.Content.Length)))}");
        return read;
    }

    /// <summary>Nothing but the end of the connection comes.</summary>
    public void ExpectEnd() => Assert.Null(Read());

    public AssociationItems Associate(AssociationItems? request = null)
    {
        Send(PduType.AssociateRequest, (request ?? Request).ToBytes());
        return AssociationItems.Read(Expect(PduType.AssociateAccept).Content);
    }

    public (byte Result, byte Source, byte Reason) Rejected(AssociationItems request)
    {
        Send(PduType.AssociateRequest, request.ToBytes());
        byte[] content = Expect(PduType.AssociateReject).Content;
        return (content[1], content[2], content[3]);
    }

    public CommandSet Answer()
    {
        List<Pdv> parts = PduStream.Parts(Expect(PduType.Data).Content);
        return CommandSet.Read(Assert.Single(parts).Content.Span);
    }

    public static byte[] Echo(ushort id) =>
        CommandSet.Request(CommandField.Echo, id, hasDataSet: false).Set(CommandSet.AffectedClass, Uids.Verification).ToBytes();

    public static CommandSet Store(string instance, ushort id = 7, string sopClass = Film) =>
        CommandSet.Request(CommandField.Store, id, hasDataSet: true)
        .Set(CommandSet.AffectedClass, sopClass).Set(CommandSet.AffectedInstance, instance).Set(CommandSet.Priority, 0);

    /// <summary>The data set of a file.</summary>
    public static byte[] DataSet(byte[] file) => file[(132 + 12 + file[140])..];

    /// <summary>Sends an image in one command and one data set, and returns the answer.</summary>
    public CommandSet SendImage(CommandSet command, byte[] dataSet)
    {
        Send(PduType.Data, Part(3, true, true, command.ToBytes()));
        for (int at = 0; at < dataSet.Length; at += 8000)
            Send(PduType.Data, Part(3, false, at + 8000 >= dataSet.Length, dataSet[at..Math.Min(dataSet.Length, at + 8000)]));
        return Answer();
    }

    public void Release()
    {
        Send(PduType.ReleaseRequest, new byte[4]);
        Expect(PduType.ReleaseReply);
    }

    public void Dispose() => _client.Dispose();
}
