using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace LungSeg.Server.Http;

/// <summary>Which result a request asks for, and as which media type it is sent.</summary>
internal static class Formats
{
    private const string Json = "application/json", Png = "image/png", Dicom = "application/dicom", NumPy = "application/x-npy";

    // The first of a media type is what is meant by it alone.
    private static readonly (string Format, string Type)[] Known =
    [
        ("json", Json), ("mask", Png), ("overlay", Png), ("contour", Png), ("probabilities", Png), ("uncertainty", Png), ("image", Png),
            ("map", Png),
        ("seg", Dicom), ("sr", Dicom), ("sc", Dicom), ("pr", Dicom), ("uncertainty-seg", Dicom),
        ("npy", NumPy), ("uncertainty-npy", NumPy), ("coco", Json), ("geojson", "application/geo+json"),
        ("nrrd", "application/x-nrrd"), ("nifti", "application/gzip"),
    ];

    public static string TypeOf(string format) => Array.Find(Known, known => known.Format == format).Type ?? "application/octet-stream";

    /// <summary>The one format: that of the query, else the best one that Accept names; JSON where both are silent.</summary>
    public static string Of(HttpRequest request)
    {
        if (request.Query["format"].ToString() is { Length: > 0 } named) return Checked(named);
        IList<MediaTypeHeaderValue> accepted = request.GetTypedHeaders().Accept;
        if (accepted.Count == 0) return "json";
        foreach (MediaTypeHeaderValue type in accepted.Where(type => type.Quality is null or > 0).OrderByDescending(type => type.Quality
            ?? 1))
        {
            string content = HeaderUtilities.RemoveQuotes(type.Parameters.FirstOrDefault(parameter =>
                parameter.Name.Equals("content", StringComparison.OrdinalIgnoreCase))?.Value ?? default).ToString();
            int at = Array.FindIndex(Known, known => Matches(type, known.Type) && (content.Length == 0 || content == known.Format));
            if (at >= 0) return Known[at].Format;
        }
        throw new RequestException(StatusCodes.Status406NotAcceptable,
            $"expected Accept to name one of {string.Join(", ", Known.Select(known => known.Type).Distinct())}, or ?format=");
    }

    /// <summary>The formats of a job.</summary>
    public static IReadOnlyList<string> ListOf(HttpRequest request)
    {
        string list = request.Query["format"].ToString();
        return list.Length == 0 ? ["json"] : [.. list.Split(',', StringSplitOptions.TrimEntries).Select(Checked).Distinct()];
    }

    /// <summary>The threshold of the query; null where it has none.</summary>
    public static float? Threshold(HttpRequest request)
    {
        string text = request.Query["threshold"].ToString();
        if (text.Length == 0) return null;
        return float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float value) && value is >= 0 and <= 1
            ? value
            : throw new RequestException(StatusCodes.Status400BadRequest, "threshold: a number from 0 to 1 was expected");
    }

    private static string Checked(string format) => ImageAsRead.Names.Contains(format)
        ? format
        : throw new RequestException(StatusCodes.Status400BadRequest, $"format: expected one of {string.Join(", ", ImageAsRead.Names)}");

    private static bool Matches(MediaTypeHeaderValue type, string known) =>
        type.MatchesAllTypes || (type.MatchesAllSubTypes ? known.StartsWith($"{type.Type}/", StringComparison.OrdinalIgnoreCase)
        : type.MediaType.Equals(known, StringComparison.OrdinalIgnoreCase));
}
