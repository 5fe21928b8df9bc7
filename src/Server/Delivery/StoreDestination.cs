using LungSeg.Imaging.Dicom;
using LungSeg.Imaging.Dicom.Writing;
using LungSeg.Server.Dicom;
using LungSeg.Server.Spooling;

namespace LungSeg.Server.Delivery;

/// <summary>A DICOM object in a file: what it is, how it is written, and where its data set begins.</summary>
internal sealed record ObjectFile(string Path, string SopClass, string SopInstance, string TransferSyntax, int DataSet)
{
    private const int HeadBytes = 1 << 12;

    /// <summary>Reads the meta information.</summary>
    public static ObjectFile Read(string path)
    {
        byte[] head = new byte[HeadBytes];
        using FileStream stream = File.OpenRead(path);
        Array.Resize(ref head, stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false));
        int at = 132;
        DataSet meta = new DataSetReader(head, isExplicit: true, bigEndian: false, new DecisionLog()).ReadMeta(ref at);
        return new ObjectFile(path, meta.Text(Tags.MediaStorageSopClassUid), meta.Text(Tags.MediaStorageSopInstanceUid),
            meta.Text(Tags.TransferSyntaxUid), at);
    }
}

/// <summary>Sends results to a DICOM node by C-STORE, and asks for storage commitment where that is wanted.</summary>
internal sealed class StoreDestination(Node node, bool commits, CallerOptions caller, Commitments commitments) : IDestination
{
    private const int MaxReportBytes = 16 << 20;
    private static readonly TimeSpan ReportPatience = TimeSpan.FromSeconds(1);

    public async Task<bool> SendAsync(Item item, string name, CancellationToken stop)
    {
        ObjectFile[] files = [.. item.Done!.Results.Where(result => result.Name.EndsWith(".dcm", StringComparison.Ordinal))
            .Select(result => ObjectFile.Read(Path.Combine(item.Results, result.Name)))];
        if (files.Length == 0) return true;
        using Calling calling = await Calling.OpenAsync(node, caller, Contexts(files), [], stop).ConfigureAwait(false);
        foreach (ObjectFile file in files) await StoreAsync(calling, file).ConfigureAwait(false);
        if (commits) await CommitAsync(calling, item, name, files).ConfigureAwait(false);
        await calling.ReleaseAsync().ConfigureAwait(false);
        return !commits;
    }

    /// <summary>For each class the syntax of its files, and those that every node takes.</summary>
    private List<(string, IReadOnlyList<string>)> Contexts(IEnumerable<ObjectFile> files)
    {
        var contexts = new List<(string, IReadOnlyList<string>)>();
        foreach (IGrouping<string, ObjectFile> group in files.GroupBy(file => file.SopClass))
        {
            foreach (string syntax in group.Select(file => file.TransferSyntax).Where(syntax => syntax != Uids.Explicit).Distinct())
                contexts.Add((group.Key, [syntax]));
            contexts.Add((group.Key, [Uids.Explicit]));
            contexts.Add((group.Key, [Uids.Implicit]));
        }
        if (commits) contexts.Add((Uids.Commitment, [Uids.Implicit, Uids.Explicit]));
        return contexts;
    }

    private async Task StoreAsync(Calling calling, ObjectFile file)
    {
        (byte Id, string AbstractSyntax, string TransferSyntax)[] agreed = [
            .. calling.Contexts.Where(context => context.AbstractSyntax == file.SopClass)];
        int at = Array.FindIndex(agreed, context => context.TransferSyntax == file.TransferSyntax);
        Stream data;
        if (at >= 0)
        {
            data = File.OpenRead(file.Path);
            data.Position = file.DataSet;
        }
        else
        {
            at = file.TransferSyntax == Uids.Explicit ? Array.FindIndex(agreed, context => context.TransferSyntax == Uids.Implicit) : -1;
            if (at < 0)
            {
                throw new PeerException($"{node} takes no {SopClass.Describe(file.SopClass)} objects in the transfer syntax "
                    + $"{file.TransferSyntax}");
            }
            data = new MemoryStream(Elements.ToBytes(Elements.Read((await File.ReadAllBytesAsync(file.Path).ConfigureAwait(false))
                .AsMemory(file.DataSet), isExplicit: true), isExplicit: false));
        }
        using (data)
        {
            CommandSet answer = await calling.AskAsync(agreed[at].Id, id => CommandSet.Request(CommandField.Store, id, hasDataSet: true)
                .Set(CommandSet.AffectedClass, file.SopClass).Set(CommandSet.AffectedInstance, file.SopInstance)
                .Set(CommandSet.Priority, 0), data).ConfigureAwait(false);
            ushort status = answer.Number(CommandSet.StatusElement) ?? throw new PeerException($"{node} answered without a status");
            if (!Status.IsDone(status))
                throw new PeerException($"{node} refused a {SopClass.Describe(file.SopClass)} object, status {status:X4}{Comment(answer)}");
        }
    }

    private async Task CommitAsync(Calling calling, Item item, string name, IReadOnlyList<ObjectFile> files)
    {
        (byte Id, string AbstractSyntax, string TransferSyntax) context = calling.Contexts.FirstOrDefault(context =>
            context.AbstractSyntax == Uids.Commitment);
        if (context.Id == 0) throw new PeerException($"{node} does not commit to storage");
        string transaction = DicomUid.Of("transaction", item.Id, name,
            FormattableString.Invariant($"{item.Delivery(name).Failures} {DateTime.UtcNow.Ticks}"));
        var asked = new CommitmentReport(transaction, node.AeTitle,
            [.. files.Select(file => new CommittedInstance(file.SopClass, file.SopInstance, 0))]);
        // Noted first: the report may come, on another association, before the answer.
        item.Append(new JournalLine { Delivery = new DeliveryLine(name, DateTime.UtcNow) { Transaction = transaction } });
        CommandSet answer = await calling.AskAsync(context.Id, id => CommandSet.Request(CommandField.Action, id, hasDataSet: true)
            .Set(CommandSet.RequestedClass, Uids.Commitment).Set(CommandSet.RequestedInstance, Uids.CommitmentInstance)
            .Set(CommandSet.ActionType, 1),
            new MemoryStream(asked.ToBytes(context.TransferSyntax == Uids.Explicit))).ConfigureAwait(false);
        if (answer.Number(CommandSet.StatusElement) is not Status.Success and var status)
            throw new PeerException($"{node} refused the request for storage commitment, status {status:X4}{Comment(answer)}");
        await ReportAsync(calling, context.TransferSyntax == Uids.Explicit).ConfigureAwait(false);
    }

    // Some report on the association that asked, while it is open; others call back.
    private async Task ReportAsync(Calling calling, bool isExplicit)
    {
        try
        {
            if (await calling.WaitAsync(ReportPatience, MaxReportBytes).ConfigureAwait(false) is not var (context, command, data)) return;
            (ushort status, string? reason) = command.Command == CommandField.EventReport ? commitments.Reported(command, data, isExplicit)
                : (Status.UnrecognizedOperation, "a report was expected");
            await calling.AnswerAsync(context, CommandSet.ResponseTo(command, status, reason)).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // It will call back, or be asked again.
        }
    }

    private static string Comment(CommandSet answer) => answer.Text(CommandSet.Comment) is { Length: > 0 } comment ? $": {comment}" : "";
}
