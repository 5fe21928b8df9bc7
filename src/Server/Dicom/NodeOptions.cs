using System.Net;
using System.Net.Security;

namespace LungSeg.Server.Dicom;

/// <summary>How the DICOM node answers.</summary>
internal sealed record NodeOptions
{
    /// <summary>Its AE title; another called title is rejected.</summary>
    public required string AeTitle { get; init; }

    /// <summary>AE titles that may call; empty for all.</summary>
    public IReadOnlyList<string> Callers { get; init; } = [];

    /// <summary>Networks that may connect; empty for all.</summary>
    public IReadOnlyList<IPNetwork> Networks { get; init; } = [];

    /// <summary>Associations at a time; more are rejected, and may be tried again.</summary>
    public int Associations { get; init; } = 16;

    /// <summary>Whether requests for storage commitment are answered.</summary>
    public bool Commits { get; init; }

    public AssociationLimits Limits { get; init; } = AssociationLimits.Default;

    /// <summary>TLS; null for none.</summary>
    public SslServerAuthenticationOptions? Tls { get; init; }
}

/// <summary>
/// Why an association is rejected (PS3.8, 9.3.4): result 1 is for good, 2 for now; source 1 is the user, 2 the protocol, 3 the provider.
/// </summary>
internal readonly record struct Rejection(byte Result, byte Source, byte Reason, string Text)
{
    public static Rejection Busy { get; } = new(2, 3, 2, "as many associations as allowed are open");

    public static Rejection NotAllowed { get; } = new(1, 1, 1, "the address is not allowed");

    public static Rejection NothingAcceptable { get; } = new(1, 1, 1, "none of the presentation contexts is acceptable");

    public static Rejection ApplicationContext { get; } = new(1, 1, 2, "the application context is unknown");

    public static Rejection Calling { get; } = new(1, 1, 3, "the calling AE title is not recognized");

    public static Rejection Called { get; } = new(1, 1, 7, "the called AE title is not recognized");

    public static Rejection Version { get; } = new(1, 2, 2, "the protocol version is not supported");
}

/// <summary>What the node agrees to (PS3.8, 7.1; PS3.7, annex D).</summary>
internal static class Negotiation
{
    /// <summary>The rejection that a request gets; null where it is accepted.</summary>
    public static Rejection? Check(AssociationItems request, NodeOptions options, IPAddress address)
    {
        if ((request.ProtocolVersion & 1) == 0) return Rejection.Version;
        if (options.Networks.Count > 0 && !options.Networks.Any(network => network.Contains(Plain(address)))) return Rejection.NotAllowed;
        if (request.ApplicationContext != Uids.ApplicationContext) return Rejection.ApplicationContext;
        if (request.Called != options.AeTitle) return Rejection.Called;
        if (request.Calling.Length == 0 || (options.Callers.Count > 0 && !options.Callers.Contains(request.Calling)))
            return Rejection.Calling;
        return null;
    }

    /// <summary>The answers to all contexts: of the transfer syntaxes that are read, the first that was proposed.</summary>
    public static IReadOnlyList<ContextAnswer> Answer(AssociationItems request, NodeOptions options) =>
        [.. request.Proposed.Select(context => Answer(context, options))];

    /// <summary>Roles that are granted: a peer may report on storage commitments.</summary>
    public static IReadOnlyList<RoleSelection> Roles(AssociationItems request) =>
        [.. request.Roles.Where(role => role.SopClass == Uids.Commitment).Select(role => role with { })];

    private static ContextAnswer Answer(ProposedContext context, NodeOptions options)
    {
        bool small = context.AbstractSyntax is Uids.Verification or Uids.Commitment;
        bool known = context.AbstractSyntax == Uids.Verification || context.AbstractSyntax == Uids.Commitment
            || Uids.StorageClasses.Contains(context.AbstractSyntax);
        string? syntax = context.TransferSyntaxes.FirstOrDefault(uid => small ? uid is Uids.Implicit or Uids.Explicit : Uids.IsRead(uid));
        byte result = !known ? ContextAnswer.AbstractSyntaxNotSupported : syntax is null ? ContextAnswer.TransferSyntaxesNotSupported
            : ContextAnswer.Accepted;
        return new ContextAnswer(context.Id, result, syntax ?? context.TransferSyntaxes.FirstOrDefault(Uids.IsValid) ?? Uids.Implicit);
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
