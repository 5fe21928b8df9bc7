using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using LungSeg.Server.Dicom;
using LungSeg.Server.Spooling;

namespace LungSeg.Server.Delivery;

/// <summary>
/// Sends results to a DICOMweb service by STOW-RS (PS3.18, 10.5). The length is stated, since some archives lose requests that come in
/// chunks; type and boundary are quoted.
/// </summary>
internal sealed class StowDestination(HttpClient client, string url, string? token) : IDestination
{
    private const string Dicom = "application/dicom", FailedSequence = "00081198", FailureReason = "00081197";
    private const int MaxAnswerBytes = 1 << 20;

    public async Task<bool> SendAsync(Item item, string name, CancellationToken stop)
    {
        ResultFile[] results = [.. item.Done!.Results.Where(result => result.Name.EndsWith(".dcm", StringComparison.Ordinal))];
        if (results.Length == 0) return true;
        string boundary = $"lungseg{item.Id}";
        using var content = new MultipartContent("related", boundary);
        content.Headers.Remove("Content-Type");
        content.Headers.TryAddWithoutValidation("Content-Type", $"multipart/related; type=\"{Dicom}\"; boundary=\"{boundary}\"");
        foreach (ResultFile result in results)
        {
            var part = new StreamContent(File.OpenRead(Path.Combine(item.Results, result.Name)));
            part.Headers.ContentType = new MediaTypeHeaderValue(Dicom);
            content.Add(part);
        }
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{url.TrimEnd('/')}/studies") { Content = content };
        request.Headers.Accept.ParseAdd("application/dicom+json");
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using HttpResponseMessage response = await AskAsync(request, stop).ConfigureAwait(false);
        string answer = await TextAsync(response, stop).ConfigureAwait(false);
        if (response.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.Accepted) || Failures(answer) is { Length: > 0 })
            throw new PeerException($"{url} did not take the results: HTTP "
            + $"{(int)response.StatusCode}{(Failures(answer) is { Length: > 0 } reasons ? $", failure reasons {reasons}" : "")}");
        return true;
    }

    private async Task<HttpResponseMessage> AskAsync(HttpRequestMessage request, CancellationToken stop)
    {
        try
        {
            return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop).ConfigureAwait(false);
        }
        catch (HttpRequestException e)
        {
            throw new PeerException($"{url}: {e.Message}");
        }
        catch (TaskCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new TimeoutException($"{url} did not answer in time");
        }
    }

    private static async Task<string> TextAsync(HttpResponseMessage response, CancellationToken stop)
    {
        using Stream stream = await response.Content.ReadAsStreamAsync(stop).ConfigureAwait(false);
        byte[] bytes = new byte[MaxAnswerBytes];
        int read = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, stop).ConfigureAwait(false);
        return System.Text.Encoding.UTF8.GetString(bytes, 0, read);
    }

    // Some services answer 200 and list what they refused.
    private static string Failures(string answer)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(answer);
            JsonElement root = document.RootElement.ValueKind == JsonValueKind.Array && document.RootElement.GetArrayLength() > 0
                ? document.RootElement[0] : document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty(FailedSequence, out JsonElement failed)
                || !failed.TryGetProperty("Value", out JsonElement items))
            {
                return "";
            }
            return string.Join(", ", items.EnumerateArray().Select(item =>
                item.TryGetProperty(FailureReason, out JsonElement reason) && reason.TryGetProperty("Value", out JsonElement value)
                && value.GetArrayLength() > 0 ? $"{value[0]}" : "unknown"));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return "";
        }
    }
}
