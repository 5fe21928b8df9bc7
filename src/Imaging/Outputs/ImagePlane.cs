using System.Globalization;

namespace LungSeg.Imaging.Outputs;

/// <summary>
/// Where an image's pixels lie in DICOM's patient coordinates (left, posterior, superior, in millimetres): the file's own position and
/// orientation, or a nominal plane at the origin, rows to the left and columns to the back, which says nothing about the patient. Without a
/// spacing a pixel counts as a millimetre.
/// </summary>
internal sealed record ImagePlane(double[] Origin, double[] Across, double[] Down)
{
    /// <summary>Whether the file says nothing of it.</summary>
    public bool IsNominal { get; private init; }

    /// <summary>The step from a column to the next, from a row to the next, and out of the plane, each as three numbers.</summary>
    public static ImagePlane Of(Radiograph image)
    {
        IReadOnlyList<double>? own = image.Dicom?.ImageOrientation;
        IReadOnlyList<double> cosines = own ?? [1, 0, 0, 0, 1, 0];
        (double rows, double columns) = image.Spacing is { } s ? (s.RowMillimetres, s.ColumnMillimetres) : (1, 1);
        return new ImagePlane(
            [.. own is not null && image.Dicom!.ImagePosition is { } position ? position : [0, 0, 0]],
            [.. cosines.Take(3).Select(cosine => cosine * columns)],
            [.. cosines.Skip(3).Select(cosine => cosine * rows)])
        { IsNominal = own is null };
    }

    /// <summary>A step of a millimetre at a right angle to the plane.</summary>
    public double[] Out()
    {
        double[] normal = [Across[1] * Down[2] - Across[2] * Down[1], Across[2] * Down[0] - Across[0] * Down[2],
            Across[0] * Down[1] - Across[1] * Down[0]];
        double length = Math.Sqrt(normal.Sum(part => part * part));
        return Array.ConvertAll(normal, part => part / length);
    }

    /// <summary>A vector as NRRD writes it.</summary>
    public static string Text(double[] vector) =>
        $"({string.Join(',', vector.Select(part => (part == 0 ? 0 : part).ToString("G10", CultureInfo.InvariantCulture)))})";
}
