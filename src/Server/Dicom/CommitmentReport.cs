using System.Text.Json.Serialization;

namespace LungSeg.Server.Dicom;

/// <summary>
/// An instance that a commitment is about; <paramref name="Failure"/> is 0 or the reason why there is none (PS3.3, C.14.1.1).
/// </summary>
internal sealed record CommittedInstance(string SopClass, string SopInstance, ushort Failure);

/// <summary>What this node or another commits to: of each instance, whether it is kept (PS3.4, annex J).</summary>
internal sealed record CommitmentReport(string Transaction, string Peer, IReadOnlyList<CommittedInstance> Instances)
{
    public const ushort AllKept = 1, SomeFailed = 2;

    private const uint TransactionUid = 0x00081195, FailureReason = 0x00081197, FailedSequence = 0x00081198,
        ReferencedSequence = 0x00081199,
        ReferencedClass = 0x00081150, ReferencedInstance = 0x00081155;

    [JsonIgnore]
    public ushort EventType => Instances.All(instance => instance.Failure == 0) ? AllKept : SomeFailed;

    /// <summary>Reads the data set of a request or of a report.</summary>
    /// <exception cref="ProtocolException">It lacks what it must have.</exception>
    public static CommitmentReport Read(ReadOnlyMemory<byte> data, bool isExplicit, string peer)
    {
        IReadOnlyList<DataElement> elements = Elements.Read(data, isExplicit);
        string transaction = Elements.Text(elements, TransactionUid);
        if (!Uids.IsValid(transaction)) throw new ProtocolException("the Transaction UID (0008,1195) is missing or none");
        CommittedInstance[] instances =
        [
            .. Elements.Items(elements, ReferencedSequence).Select(item => Instance(item, 0)),
            .. Elements.Items(elements, FailedSequence).Select(item => Instance(item, Reason(item))),
        ];
        return instances.Length > 0 ? new CommitmentReport(transaction, peer, instances)
            : throw new ProtocolException("no instance is referenced");
    }

    /// <summary>The data set: of a request where nothing failed, else of a report.</summary>
    public byte[] ToBytes(bool isExplicit)
    {
        List<DataElement> elements = [Elements.Of(TransactionUid, "UI", Transaction)];
        CommittedInstance[] failed = [.. Instances.Where(instance => instance.Failure != 0)];
        CommittedInstance[] kept = [.. Instances.Where(instance => instance.Failure == 0)];
        if (failed.Length > 0)
        {
            elements.Add(Elements.Of(FailedSequence, [.. failed.Select(instance =>
                (IReadOnlyList<DataElement>)[.. Reference(instance), Elements.Of(FailureReason, instance.Failure)])]));
        }
        if (kept.Length > 0) elements.Add(Elements.Of(ReferencedSequence, [.. kept.Select(Reference)]));
        return Elements.ToBytes(elements, isExplicit);
    }

    /// <summary>The command that reports.</summary>
    public CommandSet Command(ushort id) => CommandSet.Request(CommandField.EventReport, id, hasDataSet: true)
        .Set(CommandSet.AffectedClass, Uids.Commitment).Set(CommandSet.AffectedInstance, Uids.CommitmentInstance)
        .Set(CommandSet.EventType, EventType);

    private static CommittedInstance Instance(IReadOnlyList<DataElement> item, ushort failure) =>
        new(Elements.Text(item, ReferencedClass), Elements.Text(item, ReferencedInstance), failure);

    private static ushort Reason(IReadOnlyList<DataElement> item) =>
        item.FirstOrDefault(element => element.Tag == FailureReason) is { Value.Length: >= 2 } reason
            ? System.Buffers.Binary.BinaryPrimitives.ReadUInt16LittleEndian(reason.Value.Span) is > 0 and var number ? number
            : Status.ProcessingFailure
            : Status.ProcessingFailure;

    private static IReadOnlyList<DataElement> Reference(CommittedInstance instance) =>
        [Elements.Of(ReferencedClass, "UI", instance.SopClass), Elements.Of(ReferencedInstance, "UI", instance.SopInstance)];
}

[JsonSerializable(typeof(CommitmentReport))]
internal sealed partial class CommitmentJson : JsonSerializerContext;
