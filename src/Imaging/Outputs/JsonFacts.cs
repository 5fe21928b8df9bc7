using System.Text.Json;
using System.Text.Json.Serialization;
using LungSeg.Imaging.Masks;
using LungSeg.Imaging.Quality;

namespace LungSeg.Imaging.Outputs;

/// <summary>The version of all JSON results. docs/schemas has a JSON Schema for each kind of file.</summary>
internal static class JsonFacts
{
    public const int Version = 2;

    /// <summary>Writes the member "method" into an open object.</summary>
    public static void WriteMethod(Utf8JsonWriter json, SegmentationMethod method)
    {
        json.WritePropertyName("method");
        JsonSerializer.Serialize(json, MethodFacts.Of(method), FactsJson.Default.MethodFacts);
    }

    /// <summary>Writes the members "lungs" and "flags" into an open object.</summary>
    public static void WriteLungs(Utf8JsonWriter json, LungSegmentation result)
    {
        json.WritePropertyName("lungs");
        JsonSerializer.Serialize(json, LungFacts.Of(result), FactsJson.Default.LungFacts);
        json.WritePropertyName("flags");
        JsonSerializer.Serialize(json, result.Flags, FactsJson.Default.IReadOnlyListQualityFlag);
    }
}

/// <summary>How a result was made: the member "method" of JSON results.</summary>
internal sealed record MethodFacts
{
    public required string Network { get; init; }

    /// <summary>Name of the weights file, without its folder.</summary>
    public required string Weights { get; init; }

    public required int NetworkSize { get; init; }

    /// <summary>What was subtracted from each channel of the image in [0, 1], and what it was divided by.</summary>
    public required IReadOnlyList<float> InputMean { get; init; }

    public required IReadOnlyList<float> InputStd { get; init; }

    /// <summary>"RGB", "BGR" or "grey".</summary>
    public required string InputSpace { get; init; }

    public required float Threshold { get; init; }

    public required string Mode { get; init; }

    /// <summary>The samples that the network saw as black and as white; null where the contrast was not stretched.</summary>
    public required IReadOnlyList<int>? ContrastStretch { get; init; }

    public required string Device { get; init; }

    public static MethodFacts Of(SegmentationMethod method) => new()
    {
        Network = method.Network,
        Weights = Path.GetFileName(method.Weights),
        NetworkSize = method.NetworkSize,
        InputMean = method.InputMean,
        InputStd = method.InputStd,
        InputSpace = method.InputSpace,
        Threshold = method.Threshold,
        Mode = method.Mode,
        ContrastStretch = method.Contrast is { } stretch ? [stretch.Low, stretch.High] : null,
        Device = method.Device,
    };
}

/// <summary>
/// The measures of a mask: the member "lungs" of JSON results, and columns of report.csv. Names end in their unit: <c>_px</c> is in pixels
/// of the mask, <c>_mm</c> and <c>_mm2</c> are null where the spacing is unknown.
/// </summary>
internal sealed record LungFacts
{
    public required int MaskWidth { get; init; }

    public required int MaskHeight { get; init; }

    public required int AreaPx { get; init; }

    public required double? AreaMm2 { get; init; }

    /// <summary>Lung pixels as a share of the mask.</summary>
    public required double Share { get; init; }

    /// <summary>Number of pixels with a probability from 0.1 to 0.9 for each lung pixel.</summary>
    public required double UncertainRatio { get; init; }

    /// <summary>"image", or "image and mirror image": the probabilities from which each lung's uncertainty follows.</summary>
    public required string UncertaintyFrom { get; init; }

    public required double? WidthRatioRightToLeft { get; init; }

    public required double? AreaRatioRightToLeft { get; init; }

    public required double? HeightRatioRightToLeft { get; init; }

    public required double? RightApexBelowLeftPx { get; init; }

    public required double? RightApexBelowLeftMm { get; init; }

    public required double? RightBaseBelowLeftPx { get; init; }

    public required double? RightBaseBelowLeftMm { get; init; }

    /// <summary>The widest row from the outer edge of one lung to that of the other.</summary>
    public required SpanFacts? WidestSpan { get; init; }

    /// <summary>The patient's right lung.</summary>
    public required SideFacts? Right { get; init; }

    public required SideFacts? Left { get; init; }

    /// <summary>A part of the mask that is both lungs.</summary>
    public required SideFacts? Joined { get; init; }

    /// <summary>Number of parts of the mask.</summary>
    public required int Components { get; init; }

    /// <summary>The parts of the mask, the largest first.</summary>
    public required IReadOnlyList<PartFacts> Parts { get; init; }

    public static LungFacts Of(LungSegmentation result)
    {
        ArgumentNullException.ThrowIfNull(result);
        MaskStatistics statistics = result.Statistics;
        PixelSpacing? spacing = result.MaskSpacing;
        ChestMeasures chest = result.Chest;
        LungUncertainty uncertainty = result.Uncertainty;
        return new LungFacts
        {
            MaskWidth = statistics.Width,
            MaskHeight = statistics.Height,
            AreaPx = statistics.Area,
            AreaMm2 = Area(statistics.Area, spacing),
            Share = Math.Round(statistics.AreaShare, 6),
            UncertainRatio = Math.Round(result.Measures.UncertainRatio, 5),
            UncertaintyFrom = result.MirrorProbabilities is null ? "image" : "image and mirror image",
            WidthRatioRightToLeft = Rounded(statistics.WidthRatio, 5),
            AreaRatioRightToLeft = Rounded(chest.AreaRatio, 5),
            HeightRatioRightToLeft = Rounded(chest.HeightRatio, 5),
            RightApexBelowLeftPx = chest.ApexDifference,
            RightApexBelowLeftMm = Rounded(chest.ApexDifference * spacing?.RowMillimetres, 2),
            RightBaseBelowLeftPx = chest.BaseDifference,
            RightBaseBelowLeftMm = Rounded(chest.BaseDifference * spacing?.RowMillimetres, 2),
            WidestSpan = chest.WidestSpan is { } span ? SpanFacts.Of(span, spacing) : null,
            Right = Side(LungSide.Right),
            Left = Side(LungSide.Left),
            Joined = Side(LungSide.Both),
            Components = statistics.Parts.Count,
            Parts = [.. statistics.Parts.Select(part => PartFacts.Of(part, spacing))],
        };

        SideFacts? Side(LungSide side) => statistics.Of(side) is { } lung && chest.Of(side) is { } measures
            ? SideFacts.Of(lung, measures, uncertainty.Of(side), spacing)
            : null;
    }

    internal static double? Area(int pixels, PixelSpacing? spacing) => Rounded(pixels * spacing?.SquareMillimetres, 2);

    internal static double? Rounded(double? value, int digits) => value is { } number ? Math.Round(number, digits) : null;

    internal static IReadOnlyList<double> Point(double x, double y) => [Math.Round(x, 2), Math.Round(y, 2)];
}

/// <summary>The measures of one lung.</summary>
internal sealed record SideFacts
{
    public required int AreaPx { get; init; }

    public required double? AreaMm2 { get; init; }

    /// <summary>The box as x, y, width, height, as in COCO.</summary>
    public required IReadOnlyList<int> BoxPx { get; init; }

    /// <summary>The centre as x, y; pixel centres are at integers.</summary>
    public required IReadOnlyList<double> CentroidPx { get; init; }

    public required int WidthPx { get; init; }

    public required double? WidthMm { get; init; }

    public required int HeightPx { get; init; }

    public required double? HeightMm { get; init; }

    /// <summary>x and y in the highest row of the lung.</summary>
    public required IReadOnlyList<double> ApexPx { get; init; }

    /// <summary>x and y in the lowest row of the lung.</summary>
    public required IReadOnlyList<double> BasePx { get; init; }

    /// <summary>Number of uncertain pixels nearer to this lung, for each of its pixels.</summary>
    public required double? UncertainRatio { get; init; }

    /// <summary>Number of parts.</summary>
    public required int Components { get; init; }

    internal static SideFacts Of(Lung lung, LungMeasures measures, double? uncertainty, PixelSpacing? spacing) => new()
    {
        AreaPx = lung.Area,
        AreaMm2 = LungFacts.Area(lung.Area, spacing),
        BoxPx = [lung.Left, lung.Top, lung.Width, lung.Height],
        CentroidPx = LungFacts.Point(lung.CenterX, lung.CenterY),
        WidthPx = measures.Width,
        WidthMm = LungFacts.Rounded(measures.Width * spacing?.ColumnMillimetres, 2),
        HeightPx = measures.Height,
        HeightMm = LungFacts.Rounded(measures.Height * spacing?.RowMillimetres, 2),
        ApexPx = LungFacts.Point(measures.Apex.X, measures.Apex.Y),
        BasePx = LungFacts.Point(measures.Base.X, measures.Base.Y),
        UncertainRatio = LungFacts.Rounded(uncertainty, 5),
        Components = lung.Parts,
    };
}

/// <summary>The row in which the outer edges of both lungs are farthest apart; the right edge is exclusive.</summary>
internal sealed record SpanFacts
{
    public required int Row { get; init; }

    public required int Left { get; init; }

    public required int Right { get; init; }

    public required int WidthPx { get; init; }

    public required double? WidthMm { get; init; }

    internal static SpanFacts Of(LungSpan span, PixelSpacing? spacing) => new()
    {
        Row = span.Row,
        Left = span.Left,
        Right = span.Right,
        WidthPx = span.Width,
        WidthMm = LungFacts.Rounded(span.Width * spacing?.ColumnMillimetres, 2),
    };
}

/// <summary>One part of a mask: pixels that touch.</summary>
internal sealed record PartFacts
{
    /// <summary>"right", "left" or "joined".</summary>
    public required string Side { get; init; }

    public required int AreaPx { get; init; }

    public required double? AreaMm2 { get; init; }

    /// <summary>The box as x, y, width, height.</summary>
    public required IReadOnlyList<int> BoxPx { get; init; }

    public required IReadOnlyList<double> CentroidPx { get; init; }

    internal static PartFacts Of(LungPart part, PixelSpacing? spacing)
    {
        Component c = part.Component;
        return new PartFacts
        {
            Side = part.Side switch { LungSide.Right => "right", LungSide.Left => "left", _ => "joined" },
            AreaPx = c.Area,
            AreaMm2 = LungFacts.Area(c.Area, spacing),
            BoxPx = [c.Left, c.Top, c.Right - c.Left, c.Bottom - c.Top],
            CentroidPx = LungFacts.Point(c.CenterX, c.CenterY),
        };
    }
}

/// <summary>Writes facts without reflection: all members, also those that are null.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(MethodFacts))]
[JsonSerializable(typeof(LungFacts))]
[JsonSerializable(typeof(IReadOnlyList<QualityFlag>))]
internal sealed partial class FactsJson : JsonSerializerContext;
