using System.Text.Json;
using System.Text.Json.Serialization;
using LungSeg.IO;
using LungSeg.Server.Spooling;
using Microsoft.AspNetCore.Http;

namespace LungSeg.Server.Http;

/// <summary>An error as RFC 9457 has them.</summary>
internal sealed record Problem(string Title, int Status, string Detail);

/// <summary>A request cannot be done; the caller is told why.</summary>
internal sealed class RequestException(int status, string detail) : LungSegException(detail)
{
    public int Status => status;
}

/// <summary>Turns what goes wrong into answers.</summary>
internal static class Problems
{
    private const int RetrySeconds = 5, Cancelled = 499;

    /// <summary>Runs a request; what it throws becomes its answer, where that has not begun.</summary>
    public static async Task Guard(HttpContext context, RequestDelegate next, Log log)
    {
        try
        {
            await next(context).ConfigureAwait(false);
            if (!context.Response.HasStarted && context.Response.StatusCode >= 400 && context.Response.ContentLength is null or 0)
                await Write(context, context.Response.StatusCode, context.Response.StatusCode == 404 ? "there is nothing at this address"
                : "").ConfigureAwait(false);
        }
        catch (RequestException e)
        {
            if (e.Status == StatusCodes.Status503ServiceUnavailable) context.Response.Headers.RetryAfter = $"{RetrySeconds}";
            await Write(context, e.Status, e.Message).ConfigureAwait(false);
        }
        catch (SpoolFullException e)
        {
            Metrics.Refused();
            context.Response.Headers.RetryAfter = $"{RetrySeconds}";
            await Write(context, StatusCodes.Status503ServiceUnavailable, e.Message).ConfigureAwait(false);
        }
        catch (TooLargeException e)
        {
            Metrics.Refused();
            await Write(context, StatusCodes.Status413PayloadTooLarge, e.Message).ConfigureAwait(false);
        }
        catch (BadHttpRequestException e)
        {
            await Write(context, e.StatusCode, e.Message).ConfigureAwait(false);
        }
        catch (LungSegException e)
        {
            await Write(context, StatusCodes.Status400BadRequest, e.Message).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested)
        {
            context.Response.StatusCode = Cancelled;
        }
        catch (Exception e)
        {
            log.Error($"a fault of the program in an HTTP request: {e}");
            await Write(context, StatusCodes.Status500InternalServerError, "a fault of the program; the service's log has more")
                .ConfigureAwait(false);
        }
    }

    public static async Task Write(HttpContext context, int status, string detail)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }
        context.Response.StatusCode = status;
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(new Problem(
            Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status), status, detail), HttpJson.Default.Problem);
        await Answer(context, "application/problem+json", body).ConfigureAwait(false);
    }

    public static Task Answer(HttpContext context, string type, byte[] body)
    {
        context.Response.ContentType = type;
        context.Response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask
            : context.Response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }
}

/// <summary>An asynchronous job as callers see it.</summary>
internal sealed record JobView(string Id, string Status, DateTime Accepted)
{
    public string? Error { get; init; }

    /// <summary>Where each result is, by its format.</summary>
    public IReadOnlyDictionary<string, string>? Results { get; init; }
}

/// <summary>A parked item as its operator sees it.</summary>
internal sealed record ParkedView(string Id, string Door, DateTime Accepted, string? Error);

/// <summary>The list of parked items.</summary>
internal sealed record ParkedList(IReadOnlyList<ParkedView> Parked);

/// <summary>Whether the service takes images, and what holds it up.</summary>
internal sealed record Readiness(bool Ready, string? Reason, int Waiting);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(JobView))]
[JsonSerializable(typeof(ParkedList))]
[JsonSerializable(typeof(Readiness))]
internal sealed partial class HttpJson : JsonSerializerContext;
