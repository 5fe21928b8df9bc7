using System.Buffers.Binary;
using System.Text;

namespace LungSeg.Server.Dicom;

/// <summary>The peer sent what the protocol has no place for; <paramref name="reason"/> is that of an A-ABORT by the provider.</summary>
internal sealed class ProtocolException(string message, byte reason = ProtocolException.InvalidParameter) : IOException(message)
{
    public const byte NotSpecified = 0, UnrecognizedPdu = 1, UnexpectedPdu = 2, InvalidParameter = 6;

    public byte Reason => reason;
}

/// <summary>A presentation context: what is to be sent, and how it may be written.</summary>
internal sealed record ProposedContext(byte Id, string AbstractSyntax, IReadOnlyList<string> TransferSyntaxes);

/// <summary>
/// The answer to a presentation context (PS3.8, 9.3.3.2); the transfer syntax counts where the result is <see cref="Accepted"/>.
/// </summary>
internal sealed record ContextAnswer(byte Id, byte Result, string TransferSyntax)
{
    public const byte Accepted = 0, AbstractSyntaxNotSupported = 3, TransferSyntaxesNotSupported = 4;
}

/// <summary>Which roles the one who asks for the association has for a class (PS3.7, D.3.3.4).</summary>
internal sealed record RoleSelection(string SopClass, bool User, bool Provider);

/// <summary>
/// An A-ASSOCIATE-RQ or -AC (PS3.8, 9.3.2 and 9.3.3): contexts are proposed in the one and answered in the other.
/// </summary>
internal sealed record AssociationItems
{
    private const byte ApplicationContextItem = 0x10, ProposedItem = 0x20, AnswerItem = 0x21, AbstractSyntaxItem = 0x30,
        TransferSyntaxItem = 0x40,
        UserInformationItem = 0x50, MaximumLengthItem = 0x51, ImplementationClassItem = 0x52, RoleSelectionItem = 0x54,
        ImplementationVersionItem = 0x55;

    private const int Fixed = 68, AeTitleLength = 16;

    public ushort ProtocolVersion { get; init; } = 1;

    public required string Called { get; init; }

    public required string Calling { get; init; }

    public string ApplicationContext { get; init; } = Uids.ApplicationContext;

    public IReadOnlyList<ProposedContext> Proposed { get; init; } = [];

    public IReadOnlyList<ContextAnswer> Answers { get; init; } = [];

    /// <summary>The longest P-DATA-TF that the sender of this takes; 0 for no limit.</summary>
    public uint MaximumLength { get; init; }

    public IReadOnlyList<RoleSelection> Roles { get; init; } = [];

    /// <summary>Reads the PDU's content, that behind its length.</summary>
    /// <exception cref="ProtocolException">The items do not fill it rightly.</exception>
    public static AssociationItems Read(ReadOnlySpan<byte> pdu)
    {
        if (pdu.Length < Fixed)
            throw new ProtocolException($"an association request or answer of {pdu.Length} bytes: at least {Fixed} were expected");
        var proposed = new List<ProposedContext>();
        var answers = new List<ContextAnswer>();
        var roles = new List<RoleSelection>();
        string applicationContext = "";
        uint maximum = 0;
        foreach ((byte type, Range at) in Items(pdu[Fixed..]))
        {
            ReadOnlySpan<byte> item = pdu[Fixed..][at];
            if (type == ApplicationContextItem) applicationContext = Text(item);
            else if (type is ProposedItem or AnswerItem) ReadContext(item, type == AnswerItem, proposed, answers);
            else if (type == UserInformationItem) ReadUser(item, roles, ref maximum);
        }
        return new AssociationItems
        {
            ProtocolVersion = BinaryPrimitives.ReadUInt16BigEndian(pdu),
            Called = Text(pdu.Slice(4, AeTitleLength)),
            Calling = Text(pdu.Slice(4 + AeTitleLength, AeTitleLength)),
            ApplicationContext = applicationContext,
            Proposed = proposed,
            Answers = answers,
            MaximumLength = maximum,
            Roles = roles,
        };
    }

    /// <summary>The PDU's content.</summary>
    public byte[] ToBytes()
    {
        var pdu = new List<byte>(Fixed) { (byte)(ProtocolVersion >> 8), (byte)ProtocolVersion, 0, 0 };
        pdu.AddRange(Title(Called));
        pdu.AddRange(Title(Calling));
        pdu.AddRange(new byte[32]);
        Add(pdu, ApplicationContextItem, Encoding.ASCII.GetBytes(ApplicationContext));
        foreach (ProposedContext context in Proposed)
        {
            var item = new List<byte> { context.Id, 0, 0, 0 };
            Add(item, AbstractSyntaxItem, Encoding.ASCII.GetBytes(context.AbstractSyntax));
            foreach (string syntax in context.TransferSyntaxes) Add(item, TransferSyntaxItem, Encoding.ASCII.GetBytes(syntax));
            Add(pdu, ProposedItem, [.. item]);
        }
        foreach (ContextAnswer answer in Answers)
        {
            var item = new List<byte> { answer.Id, 0, answer.Result, 0 };
            Add(item, TransferSyntaxItem, Encoding.ASCII.GetBytes(answer.TransferSyntax));
            Add(pdu, AnswerItem, [.. item]);
        }
        var user = new List<byte>();
        byte[] length = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(length, MaximumLength);
        Add(user, MaximumLengthItem, length);
        Add(user, ImplementationClassItem, Encoding.ASCII.GetBytes(Imaging.Dicom.Writing.DicomUid.Implementation));
        foreach (RoleSelection role in Roles)
        {
            byte[] uid = Encoding.ASCII.GetBytes(role.SopClass);
            Add(user, RoleSelectionItem, [(byte)(uid.Length >> 8), (byte)uid.Length, .. uid, role.User ? (byte)1 : (byte)0, role.Provider
                ? (byte)1 : (byte)0]);
        }
        Add(user, ImplementationVersionItem, "LUNGSEG"u8);
        Add(pdu, UserInformationItem, [.. user]);
        return [.. pdu];
    }

    private static void ReadContext(ReadOnlySpan<byte> item, bool isAnswer, List<ProposedContext> proposed, List<ContextAnswer> answers)
    {
        if (item.Length < 4) throw new ProtocolException("a presentation context ends before its id");
        byte id = item[0];
        if (id % 2 == 0) throw new ProtocolException($"the presentation context {id}: an odd id was expected");
        string abstractSyntax = "";
        var syntaxes = new List<string>();
        foreach ((byte type, Range at) in Items(item[4..]))
        {
            if (type == AbstractSyntaxItem) abstractSyntax = Text(item[4..][at]);
            else if (type == TransferSyntaxItem) syntaxes.Add(Text(item[4..][at]));
        }
        // A context that was rejected need not name a transfer syntax.
        if (isAnswer) answers.Add(new ContextAnswer(id, item[2], syntaxes.FirstOrDefault() ?? ""));
        else if (proposed.Exists(context => context.Id == id))
            throw new ProtocolException($"the presentation context {id} is proposed twice");
        else proposed.Add(new ProposedContext(id, abstractSyntax, syntaxes));
    }

    private static void ReadUser(ReadOnlySpan<byte> user, List<RoleSelection> roles, ref uint maximum)
    {
        foreach ((byte type, Range at) in Items(user))
        {
            ReadOnlySpan<byte> item = user[at];
            if (type == MaximumLengthItem && item.Length >= 4) maximum = BinaryPrimitives.ReadUInt32BigEndian(item);
            if (type != RoleSelectionItem || item.Length < 4) continue;
            int length = BinaryPrimitives.ReadUInt16BigEndian(item);
            if (length + 4 > item.Length) throw new ProtocolException("a role selection ends before its roles");
            roles.Add(new RoleSelection(Text(item.Slice(2, length)), item[2 + length] == 1, item[3 + length] == 1));
        }
    }

    private static List<(byte Type, Range At)> Items(ReadOnlySpan<byte> bytes)
    {
        var items = new List<(byte, Range)>();
        for (int at = 0; at < bytes.Length;)
        {
            if (bytes.Length - at < 4) throw new ProtocolException("an item of the association ends before its length");
            int length = BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 2)..]);
            if (length > bytes.Length - at - 4)
                throw new ProtocolException($"an item of the association claims {length} bytes where {bytes.Length - at - 4} are left");
            items.Add((bytes[at], (at + 4)..(at + 4 + length)));
            at += 4 + length;
        }
        return items;
    }

    private static void Add(List<byte> target, byte type, ReadOnlySpan<byte> content)
    {
        target.AddRange([type, 0, (byte)(content.Length >> 8), (byte)content.Length]);
        target.AddRange(content);
    }

    private static byte[] Title(string title) => Encoding.ASCII.GetBytes(title.PadRight(AeTitleLength)[..AeTitleLength]);

    // Spaces around a title, and the null that pads a UID of odd length in some implementations, mean nothing.
    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes).Trim(' ', '\0');
}
