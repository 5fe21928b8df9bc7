using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LungSeg.Server.Spooling;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LungSeg.Server.Http;

/// <summary>The HTTP API (openapi.json): one image and its result, jobs, health, metrics, what is parked.</summary>
internal sealed class Api(Spool spool, Func<int> waiting)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/segment", SegmentAsync);
        routes.MapPost("/v1/jobs", PostJobAsync);
        routes.MapGet("/v1/jobs/{id}", GetJobAsync);
        routes.MapGet("/v1/jobs/{id}/results/{format}", GetResultAsync);
        routes.MapDelete("/v1/jobs/{id}", DeleteJobAsync);
        routes.MapGet("/v1/parked", GetParkedAsync);
        routes.MapPost("/v1/parked/{id}/retry", RetryAsync);
        routes.MapDelete("/v1/parked/{id}", DeleteParkedAsync);
        routes.MapGet("/health/live", context => Answer(context, 200, new Readiness(true, null, waiting()), HttpJson.Default.Readiness));
        routes.MapGet("/health/ready", ReadyAsync);
        routes.MapGet("/metrics", context =>
            Problems.Answer(context, "text/plain; version=0.0.4; charset=utf-8", Encoding.UTF8.GetBytes(Metrics.Text(spool))));
        routes.MapGet("/openapi.json", context => Problems.Answer(context, "application/json", Resource.Bytes("openapi.json")));
    }

    private async Task SegmentAsync(HttpContext context)
    {
        string format = Formats.Of(context.Request);
        var request = new ItemRequest([format], Formats.Threshold(context.Request), Direct: true);
        Item item = await AcceptAsync(context, request).ConfigureAwait(false);
        try
        {
            await item.Settled.WaitAsync(Patience, context.RequestAborted).ConfigureAwait(false);
            if (item.Done is not { Results: [var result, ..] })
            {
                // A fault of the machine, such as a full disk, says nothing of the image: the caller may come again.
                throw new RequestException(
                    item.Failures > 0 ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status422UnprocessableEntity,
                    item.Error ?? "the image was not segmented");
            }
            await SendAsync(context, item, result).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new RequestException(StatusCodes.Status503ServiceUnavailable,
                $"the image was not segmented within {Patience.TotalMinutes} minutes: post it to /v1/jobs where so many wait");
        }
        finally
        {
            spool.Leave(item);
        }
    }

    private async Task PostJobAsync(HttpContext context)
    {
        var request = new ItemRequest(Formats.ListOf(context.Request), Formats.Threshold(context.Request), Direct: false);
        Item item = await AcceptAsync(context, request).ConfigureAwait(false);
        context.Response.Headers.Location = $"/v1/jobs/{item.Id}";
        await Answer(context, StatusCodes.Status202Accepted, View(item), HttpJson.Default.JobView).ConfigureAwait(false);
    }

    private async Task<Item> AcceptAsync(HttpContext context, ItemRequest request)
    {
        using Incoming incoming = await Bodies.ReceiveAsync(spool, context).ConfigureAwait(false);
        // Also refuses formats that do not go together before the image is accepted.
        ImageAsRead.Parse(request.Formats, new Imaging.Outputs.ResultOptions());
        ObjectHead? head = Spool.Head(incoming);
        return spool.Accept(incoming, Describe).Item;

        Acceptance Describe(string sha256) => new()
        {
            Time = DateTime.UtcNow,
            Door = Door.Http,
            Name = "image",
            Sha256 = sha256,
            Dicom = head,
            Request = request,
        };
    }

    private Task GetJobAsync(HttpContext context) => Answer(context, 200, View(Job(context)), HttpJson.Default.JobView);

    private Task GetResultAsync(HttpContext context)
    {
        Item item = Job(context);
        string format = $"{context.Request.RouteValues["format"]}";
        ResultFile result = item.Done?.Results.FirstOrDefault(result => result.Format == format)
            ?? throw new RequestException(StatusCodes.Status404NotFound, item.Done is null
            ? $"the job is {Name(item.Status)}: its results are not there" : $"the job has no result '{format}'");
        return SendAsync(context, item, result);
    }

    private Task DeleteJobAsync(HttpContext context)
    {
        spool.Remove(Job(context));
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private Item Job(HttpContext context) => spool.Find($"{context.Request.RouteValues["id"]}") is { Acceptance.Request.Direct: false } item
        ? item
        : throw new RequestException(StatusCodes.Status404NotFound, "there is no such job; finished ones are kept for a time");

    private static JobView View(Item item) => new(item.Id, Name(item.Status), item.Acceptance.Time)
    {
        Error = item.Status == ItemStatus.Parked ? item.Error : null,
        Results = item.Done?.Results.ToDictionary(result => result.Format, result => $"/v1/jobs/{item.Id}/results/{result.Format}"),
    };

    private static string Name(ItemStatus status) => status switch
    {
        ItemStatus.Parked => "failed",
        ItemStatus.Delivering => "done",
        _ => status.ToString().ToLowerInvariant(),
    };

    private Task GetParkedAsync(HttpContext context) => Answer(context, 200, new ParkedList(
    [
        .. spool.Items.Where(item => item.Status == ItemStatus.Parked).OrderBy(item => item.Acceptance.Time)
            .Select(item => new ParkedView(item.Id, item.Acceptance.Door.ToString().ToLowerInvariant(), item.Acceptance.Time, item.Error)),
    ]), HttpJson.Default.ParkedList);

    private Task RetryAsync(HttpContext context)
    {
        if (!spool.Retry(Parked(context)))
            throw new RequestException(StatusCodes.Status409Conflict, "the item is not parked any more, or its image is gone");
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        return Task.CompletedTask;
    }

    private Task DeleteParkedAsync(HttpContext context)
    {
        spool.Remove(Parked(context));
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private Item Parked(HttpContext context) => spool.Find($"{context.Request.RouteValues["id"]}") is { Status: ItemStatus.Parked } item
        ? item
        : throw new RequestException(StatusCodes.Status404NotFound, "there is no such parked item");

    private Task ReadyAsync(HttpContext context)
    {
        string? reason = spool.Full();
        if (reason is not null) context.Response.Headers.RetryAfter = "5";
        return Answer(context, reason is null ? 200 : StatusCodes.Status503ServiceUnavailable,
            new Readiness(reason is null, reason, waiting()), HttpJson.Default.Readiness);
    }

    private static async Task SendAsync(HttpContext context, Item item, ResultFile result)
    {
        FileStream file;
        try
        {
            file = File.OpenRead(Path.Combine(item.Results, result.Name));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new RequestException(StatusCodes.Status404NotFound, "the result is no longer kept");
        }
        await using (file.ConfigureAwait(false))
        {
            context.Response.ContentType = Formats.TypeOf(result.Format);
            context.Response.ContentLength = file.Length;
            context.Response.Headers.ContentDisposition = $"inline; filename=\"{result.Name}\"";
            context.Response.Headers.ETag = $"\"{result.Sha256[..32]}\"";
            await file.CopyToAsync(context.Response.Body, context.RequestAborted).ConfigureAwait(false);
        }
    }

    private static Task Answer<T>(HttpContext context, int status, T value, JsonTypeInfo<T> type)
    {
        context.Response.StatusCode = status;
        return Problems.Answer(context, "application/json", JsonSerializer.SerializeToUtf8Bytes(value, type));
    }
}
