using System.Buffers;
using LungSeg.Server.Spooling;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace LungSeg.Server.Http;

/// <summary>Images in the bodies of requests, written into the spool as they come.</summary>
internal static class Bodies
{
    private const int BufferBytes = 1 << 17;

    /// <summary>Receives the one image of a request: its whole body, or the first file of a form.</summary>
    public static async Task<Incoming> ReceiveAsync(Spool spool, HttpContext context)
    {
        HttpRequest request = context.Request;
        if (request.ContentLength is 0)
            throw new RequestException(StatusCodes.Status400BadRequest, "the request has no body: an image was expected");
        Refuse(spool, request);
        // The answer "100 Continue" goes out when the body is read, and not before there is room.
        Incoming incoming = spool.Begin();
        try
        {
            Stream source = request.Body;
            if (IsType(request, "multipart/")) source = await FirstAsync(Reader(request), context.RequestAborted).ConfigureAwait(false);
            await CopyAsync(source, incoming, context.RequestAborted).ConfigureAwait(false);
            if (incoming.Length == 0) throw new RequestException(StatusCodes.Status400BadRequest, "the image is empty");
            return incoming;
        }
        catch
        {
            incoming.Dispose();
            throw;
        }
    }

    /// <summary>Refuses by its stated length what is larger than all that is taken.</summary>
    public static void Refuse(Spool spool, HttpRequest request, int maximum = 1)
    {
        if (request.ContentLength > maximum * spool.Limits.ImageBytes + BufferBytes)
            throw new TooLargeException($"the request has {request.ContentLength >> 20} MiB; the service takes "
            + $"{spool.Limits.ImageBytes >> 20} MiB for an image");
    }

    /// <summary>Whether a request's body is of a type, or of one that begins so.</summary>
    public static bool IsType(HttpRequest request, string type) =>
        (request.ContentType ?? "").TrimStart().StartsWith(type, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// A parameter of a request's Content-Type, "" where absent; quoted or not. DICOMweb clients leave the quotes out where HTTP asks for
    /// them.
    /// </summary>
    public static string Parameter(HttpRequest request, string name)
    {
        string type = request.ContentType ?? "";
        for (int at = type.IndexOf(';'); at >= 0 && at < type.Length;)
        {
            int equals = type.IndexOf('=', at);
            if (equals < 0) return "";
            bool quoted = equals + 1 < type.Length && type[equals + 1] == '"';
            int end = quoted ? type.IndexOf('"', equals + 2) : type.IndexOf(';', equals);
            if (end < 0) end = type.Length;
            if (type[(at + 1)..equals].Trim().Equals(name, StringComparison.OrdinalIgnoreCase))
                return type[(equals + (quoted ? 2 : 1))..end].Trim();
            at = quoted ? type.IndexOf(';', end) : end;
        }
        return "";
    }

    /// <summary>A reader of a body's parts.</summary>
    public static MultipartReader Reader(HttpRequest request)
    {
        string boundary = Parameter(request, "boundary");
        if (boundary.Length is 0 or > 200) throw new RequestException(StatusCodes.Status400BadRequest, "the Content-Type has no boundary");
        return new MultipartReader(boundary, request.Body) { HeadersLengthLimit = 1 << 14, HeadersCountLimit = 32 };
    }

    /// <summary>The next part; null behind the last.</summary>
    public static async Task<MultipartSection?> NextAsync(MultipartReader reader, CancellationToken stop)
    {
        try
        {
            return await reader.ReadNextSectionAsync(stop).ConfigureAwait(false);
        }
        catch (Exception e) when (e is InvalidDataException || (e is IOException and not BadHttpRequestException
            && !stop.IsCancellationRequested))
        {
            throw new RequestException(StatusCodes.Status400BadRequest, $"the parts of the body cannot be read: {e.Message}");
        }
    }

    public static async Task CopyAsync(Stream source, Incoming incoming, CancellationToken stop)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            for (int read; (read = await source.ReadAsync(buffer, stop).ConfigureAwait(false)) > 0;) incoming.Write(buffer.AsSpan(0, read));
        }
        catch (Exception e) when (e is InvalidDataException || (e is IOException and not BadHttpRequestException
            && !stop.IsCancellationRequested))
        {
            throw new RequestException(StatusCodes.Status400BadRequest, $"the body cannot be read: {e.Message}");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async Task<Stream> FirstAsync(MultipartReader reader, CancellationToken stop)
    {
        while (await NextAsync(reader, stop).ConfigureAwait(false) is { } section)
        {
            bool isFile = !ContentDispositionHeaderValue.TryParse(section.ContentDisposition,
                out ContentDispositionHeaderValue? disposition)
                || disposition.FileName.HasValue || disposition.FileNameStar.HasValue
                || !disposition.DispositionType.Equals("form-data", StringComparison.OrdinalIgnoreCase);
            if (isFile) return section.Body;
        }
        throw new RequestException(StatusCodes.Status400BadRequest, "the form has no file: an image was expected");
    }
}
