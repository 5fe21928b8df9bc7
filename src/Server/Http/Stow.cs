using System.Text.Json;
using LungSeg.Server.Dicom;
using LungSeg.Server.Spooling;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.WebUtilities;

namespace LungSeg.Server.Http;

/// <summary>
/// DICOMweb's STOW-RS (PS3.18, 10.5): images come as parts of a request, and the answer says of each whether it was accepted.
/// </summary>
internal sealed class Stow(Spool spool)
{
    private const string Dicom = "application/dicom", Answers = "application/dicom+json";
    private const int MaxParts = 1000;

    private sealed record Part(ObjectHead Head, ushort Failure);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/dicomweb/studies", StoreAsync);
        routes.MapPost("/dicomweb/studies/{study}", StoreAsync);
    }

    private async Task StoreAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        if (!Bodies.IsType(request, "multipart/related")
            || !Bodies.Parameter(request, "type").Equals(Dicom, StringComparison.OrdinalIgnoreCase))
            throw new RequestException(StatusCodes.Status415UnsupportedMediaType,
            $"expected the Content-Type multipart/related; type=\"{Dicom}\"; boundary=...");
        if (spool.Full() is { } reason) throw new SpoolFullException(reason);
        var parts = new List<Part>();
        MultipartReader reader = Bodies.Reader(request);
        while (await Bodies.NextAsync(reader, context.RequestAborted).ConfigureAwait(false) is { } section)
        {
            if (parts.Count == MaxParts)
                throw new RequestException(StatusCodes.Status413PayloadTooLarge, $"at most {MaxParts} images in one request");
            parts.Add(await TakeAsync(section, $"{request.RouteValues["study"]}", context.RequestAborted).ConfigureAwait(false));
        }
        if (parts.Count == 0) throw new RequestException(StatusCodes.Status400BadRequest, "the request has no part: an image was expected");
        // Where none had room the sender may try again.
        if (parts.All(part => part.Failure == Status.OutOfResources))
            throw new SpoolFullException(spool.Full() ?? "the spool has no room for these images");
        int failed = parts.Count(part => part.Failure != 0);
        context.Response.StatusCode = failed == 0 ? 200 : failed < parts.Count ? StatusCodes.Status202Accepted
            : StatusCodes.Status409Conflict;
        await Problems.Answer(context, Answers, Answer(parts)).ConfigureAwait(false);
    }

    private async Task<Part> TakeAsync(MultipartSection section, string study, CancellationToken stop)
    {
        var head = new ObjectHead("", "");
        try
        {
            using Incoming incoming = spool.Begin();
            await Bodies.CopyAsync(section.Body, incoming, stop).ConfigureAwait(false);
            head = Spool.Head(incoming) ?? head;
            if (!Uids.IsValid(head.SopInstance) || head.SopClass.Length == 0) return new Part(head, Status.CannotUnderstand);
            if (!Uids.StorageClasses.Contains(head.SopClass)) return new Part(head, Status.ClassNotSupported);
            if (study.Length > 0 && study != head.Study) return new Part(head, Status.DataSetMismatch);
            spool.Accept(incoming, sha256 =>
                new Acceptance { Time = DateTime.UtcNow, Door = Door.Stow, Name = head.SopInstance, Sha256 = sha256, Dicom = head });
            return new Part(head, 0);
        }
        catch (Exception e) when (e is SpoolFullException or TooLargeException)
        {
            Metrics.Refused();
            await section.Body.CopyToAsync(Stream.Null, stop).ConfigureAwait(false);
            return new Part(head, Status.OutOfResources);
        }
    }

    private static byte[] Answer(IReadOnlyList<Part> parts)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            // Retrieve URL: nothing can be fetched from here.
            Sequence(json, "00081199", [.. parts.Where(part => part.Failure == 0)]);
            Sequence(json, "00081198", [.. parts.Where(part => part.Failure != 0)]);
            json.WriteEndObject();
        }
        return stream.ToArray();
    }

    private static void Sequence(Utf8JsonWriter json, string tag, IReadOnlyList<Part> parts)
    {
        if (parts.Count == 0) return;
        json.WriteStartObject(tag);
        json.WriteString("vr", "SQ");
        json.WriteStartArray("Value");
        foreach (Part part in parts)
        {
            json.WriteStartObject();
            Value(json, "00081150", "UI", () => json.WriteStringValue(part.Head.SopClass));
            Value(json, "00081155", "UI", () => json.WriteStringValue(part.Head.SopInstance));
            if (part.Failure != 0) Value(json, "00081197", "US", () => json.WriteNumberValue(part.Failure));
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Value(Utf8JsonWriter json, string tag, string vr, Action write)
    {
        json.WriteStartObject(tag);
        json.WriteString("vr", vr);
        json.WriteStartArray("Value");
        write();
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
