using System.Globalization;

namespace LungSeg.Imaging.Quality;

/// <summary>
/// The limits at which measures become flags, and the questions that they ask. docs/outputs.md says what each limit was set by.
/// </summary>
internal static class QualityRules
{
    /// <summary>Over this <see cref="QualityMeasures.UncertainRatio"/> the network counts as unsure.</summary>
    public const double Unsure = 0.25;

    private const double Lost = 0.65, MinLung = 0.05, MaxLung = 0.8, Elongated = 2.5;
    private const double Negative = -0.05, NegativeUnsure = 0.5;
    private const double MissingLung = 0.2, CutSide = 0.02;
    private const double MaxTilt = 12, UpsideDownUnsure = 0.3, UpsideDown = -0.03, QuarterTurnUnsure = 0.6, Symmetric = 0.4;
    private const double Photograph = 0.1, OneTint = 0.95, Marks = 0.0003, Dark = 0.125;
    private const double MinIsland = 0.6, MaxIsland = 0.9;

    private static readonly string[] Sides = ["left", "top", "right", "bottom"];

    /// <summary>The flags that a result raises, those first that put the image itself in question.</summary>
    public static IReadOnlyList<QualityFlag> Apply(LungSegmentation result, QualityMeasures m)
    {
        List<QualityFlag> flags = [];
        void Raise(string name, string question, IEnumerable<string> triggers)
        {
            string text = string.Join("; ", triggers);
            if (text.Length > 0)
                flags.Add(new QualityFlag(name, question, text));
        }
        Raise("not_chest_xray", "Is this no frontal chest X-ray?", NotChest(result.Image, m));
        Raise("ct_slice", "Is this a slice of CT and no radiograph?", Slice(result.Image, m));
        Raise("photograph", "Is this a colour photograph?", When(m.ColorShare > Photograph && m.HueConcentration < OneTint,
            $"{P(m.ColorShare)} of the pixels are coloured, over {P(Photograph)}, in more than one hue"));
        Raise("color_marks", "Are coloured marks drawn into the image?",
            When(m.ColorShare is > Marks and <= Photograph, $"{P(m.ColorShare)} of the pixels are coloured, over {P(Marks)}"));
        Raise("dark", "Does the file use only the dark end of its range, as 12 bits stored in 16 do?",
            When(!m.IsFlat && m.Brightest < Dark,
                $"99 % of the pixels are darker than {P(m.Brightest)} of full brightness, under {P(Dark)}"));
        Raise("inverted", "Are dark and bright exchanged?", When(m.Contrast < Negative && m.UncertainRatio < NegativeUnsure,
            $"the lungs are brighter than what surrounds them by {P(-m.Contrast)} of the range, over {P(-Negative)}"));
        Raise("rotated", "Is the image turned, upside down or tilted?", Turned(m));
        Raise("cut_off", "Is a lung cut off at the edge of the image?", Cut(m));
        Raise("one_lung", "Is a lung missing, are both joined to one part, or is this a lateral view?",
            When(m.LungShare > 0 && m.SecondPartShare < MissingLung,
                m.SecondPartShare == 0 ? "the mask has one part only"
                    : $"the second part has {P(m.SecondPartShare)} of the area of the first, under {P(MissingLung)}"));
        Raise("low_confidence", "Is the outline right? The network was unsure.", When(m.UncertainRatio > Unsure || m.LungShare == 0,
            m.LungShare == 0 ? "no lung was found"
                : $"for each lung pixel {N(m.UncertainRatio)} have a probability from 0.1 to 0.9, over {N(Unsure)}"));
        return flags;
    }

    private static IEnumerable<string> NotChest(Radiograph image, QualityMeasures m) =>
    [
        .. image.Decisions.Where(d => d.IsWarning && d.Topic is "object" or "view" or "body part").Select(d => $"{d.Topic}: {d.Text}"),
        .. When(Elongation(image) > Elongated,
            $"the longer side of the image is {N(Elongation(image))} times the shorter, over {N(Elongated)}"),
        .. When(m.IsFlat, "the image has hardly more than one value"),
        .. When(m.LungShare < MinLung, $"{P(m.LungShare)} of the image is lung, under {P(MinLung)}"),
        .. When(m.LungShare > MaxLung, $"{P(m.LungShare)} of the image is lung, over {P(MaxLung)}"),
        .. When(m.LungShare > 0 && m.UncertainRatio > Lost,
            $"for each lung pixel {N(m.UncertainRatio)} have a probability from 0.1 to 0.9, over {N(Lost)}"),
    ];

    private static double Elongation(Radiograph image) => (double)Math.Max(image.Width, image.Height) / Math.Min(image.Width, image.Height);

    private static IEnumerable<string> Slice(Radiograph image, QualityMeasures m) =>
    [
        .. When(image.Dicom?.Modality == "CT", "the file's modality is CT"),
        .. When(m.UncertainRatio > Unsure && m.IslandFill is > MinIsland and < MaxIsland,
            $"the network is unsure, and one object on an even background, wider than high, fills {P(m.IslandFill ?? 0)} of its box "
                + $"({P(MinIsland)} to {P(MaxIsland)}, a disc 78.5 %)"),
    ];

    private static IEnumerable<string> Turned(QualityMeasures m)
    {
        double upright = m.Contrast < 0 ? -m.BottomOverTop : m.BottomOverTop;
        return
        [
            .. When(m.TiltDegrees is { } tilt && Math.Abs(tilt) > MaxTilt && m.UncertainRatio <= Lost && m.SecondPartShare >= MissingLung,
                $"the lungs are tilted by {N(Math.Abs(m.TiltDegrees ?? 0))} degrees, over {N(MaxTilt)}"),
            .. When(m.UncertainRatio is > UpsideDownUnsure && m.IslandFill is null && upright < UpsideDown && m.Contrast != 0,
                $"the network is unsure, and the top of the image is denser than its bottom by {P(-upright)} of the range, over "
                    + $"{P(-UpsideDown)}"),
            .. When(m.UncertainRatio > QuarterTurnUnsure && m.IslandFill is null
                && m.TopBottomSymmetry > Math.Max(m.LeftRightSymmetry, Symmetric),
                $"the network is unsure, and the image resembles its mirror image more top for bottom ({N(m.TopBottomSymmetry)}) than "
                    + $"left for right ({N(m.LeftRightSymmetry)})"),
        ];
    }

    private static IEnumerable<string> Cut(QualityMeasures m) => m.CutShares
        .Select((share, side) => (share, side))
        .Where(cut => cut.share > CutSide)
        .Select(cut => $"lung lies on {P(cut.share)} of the {Sides[cut.side]} edge, over {P(CutSide)}");

    private static string[] When(bool holds, string trigger) => holds ? [trigger] : [];

    private static string P(double share) => (100 * share).ToString("0.##", CultureInfo.InvariantCulture) + " %";

    private static string N(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
