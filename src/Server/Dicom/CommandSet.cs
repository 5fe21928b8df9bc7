using System.Buffers.Binary;
using System.Text;

namespace LungSeg.Server.Dicom;

/// <summary>The commands of DIMSE (PS3.7, E.1).</summary>
internal static class CommandField
{
    public const ushort Store = 0x0001, Echo = 0x0030, EventReport = 0x0100, Action = 0x0130, Cancel = 0x0FFF, Response = 0x8000;
}

/// <summary>Statuses of responses (PS3.7, annex C; PS3.4, B.2.3).</summary>
internal static class Status
{
    public const ushort Success = 0x0000, ProcessingFailure = 0x0110, NoSuchEvent = 0x0113, InvalidInstance = 0x0117,
        ClassNotSupported = 0x0122,
        NoSuchAction = 0x0123, UnrecognizedOperation = 0x0211, NoSuchInstance = 0x0112, OutOfResources = 0xA700, DataSetMismatch = 0xA900,
        CannotUnderstand = 0xC000;

    /// <summary>Whether a C-STORE with this status was done: success, or one of the warnings.</summary>
    public static bool IsDone(ushort status) => status == Success || status >> 12 == 0xB;
}

/// <summary>A command set (PS3.7, 6.3.1): elements of group 0000 in implicit VR little endian.</summary>
internal sealed class CommandSet
{
    private const int MaxBytes = 1 << 16, MaxComment = 64;
    private const ushort NoDataSet = 0x0101, SomeDataSet = 0x0001;

    public const ushort AffectedClass = 0x0002, RequestedClass = 0x0003, Field = 0x0100, MessageId = 0x0110, RespondedId = 0x0120,
        Priority = 0x0700,
        DataSetType = 0x0800, StatusElement = 0x0900, Comment = 0x0902, AffectedInstance = 0x1000, RequestedInstance = 0x1001,
        EventType = 0x1002, ActionType = 0x1008;

    private readonly SortedDictionary<ushort, byte[]> _elements = [];

    public bool HasDataSet => Number(DataSetType) is not NoDataSet;

    public ushort Command => Number(Field) ?? 0;

    public ushort Id => Number(MessageId) ?? 0;

    public static int Limit => MaxBytes;

    /// <summary>Reads a command set.</summary>
    /// <exception cref="ProtocolException">The bytes are none.</exception>
    public static CommandSet Read(ReadOnlySpan<byte> bytes)
    {
        var command = new CommandSet();
        for (int at = 0; at < bytes.Length;)
        {
            if (bytes.Length - at < 8) throw new ProtocolException("a command ends within an element");
            ushort group = BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]),
                element = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(at + 2)..]);
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(at + 4)..]);
            if (length > bytes.Length - at - 8)
                throw new ProtocolException($"an element of a command claims {length} bytes where {bytes.Length - at - 8} are left");
            if (group == 0) command._elements[element] = bytes.Slice(at + 8, (int)length).ToArray();
            at += 8 + (int)length;
        }
        if (command.Number(Field) is null) throw new ProtocolException("a command without Command Field (0000,0100)");
        return command;
    }

    public ushort? Number(ushort element) =>
        _elements.TryGetValue(element, out byte[]? value) && value.Length >= 2 ? BinaryPrimitives.ReadUInt16LittleEndian(value) : null;

    /// <summary>A text without padding, "" where absent.</summary>
    public string Text(ushort element) => _elements.TryGetValue(element, out byte[]? value)
        ? Encoding.Latin1.GetString(value).Trim(' ', '\0') : "";

    public CommandSet Set(ushort element, ushort number)
    {
        byte[] value = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(value, number);
        _elements[element] = value;
        return this;
    }

    public CommandSet Set(ushort element, string text)
    {
        if (text.Length % 2 != 0) text += element == Comment ? ' ' : '\0';
        _elements[element] = Encoding.Latin1.GetBytes(text);
        return this;
    }

    /// <summary>A request.</summary>
    public static CommandSet Request(ushort field, ushort id, bool hasDataSet) =>
        new CommandSet().Set(Field, field).Set(MessageId, id).Set(DataSetType, hasDataSet ? SomeDataSet : NoDataSet);

    /// <summary>The response to a request, with its UIDs echoed; the comment says what is wrong.</summary>
    public static CommandSet ResponseTo(CommandSet request, ushort status, string? comment = null)
    {
        CommandSet response = new CommandSet().Set(Field, (ushort)(request.Command | CommandField.Response)).Set(RespondedId, request.Id)
            .Set(DataSetType, NoDataSet).Set(StatusElement, status);
        string uid = request.Text(AffectedClass) is { Length: > 0 } affected ? affected : request.Text(RequestedClass);
        if (uid.Length > 0) response.Set(AffectedClass, uid);
        string instance = request.Text(AffectedInstance) is { Length: > 0 } stated ? stated : request.Text(RequestedInstance);
        if (instance.Length > 0) response.Set(AffectedInstance, instance);
        foreach (ushort type in (ReadOnlySpan<ushort>)[EventType, ActionType])
            if (request.Number(type) is { } number) response.Set(type, number);
        if (comment is not null) response.Set(Comment, comment[..Math.Min(comment.Length, MaxComment)]);
        return response;
    }

    public byte[] ToBytes()
    {
        using var elements = new MemoryStream();
        foreach ((ushort element, byte[] value) in _elements) Write(elements, element, value);
        using var whole = new MemoryStream();
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, (int)elements.Length);
        Write(whole, 0, length);
        elements.WriteTo(whole);
        return whole.ToArray();

        static void Write(MemoryStream stream, ushort element, byte[] value)
        {
            byte[] header = new byte[8];
            BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(2), element);
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4), value.Length);
            stream.Write(header);
            stream.Write(value);
        }
    }
}
