namespace LungSeg.Imaging.Quality;

/// <summary>
/// A question about an image and its mask that a person should answer by looking; it is no verdict, and no flag is no promise.
/// </summary>
/// <param name="Name">The flag's word in files, such as "cut_off".</param>
/// <param name="Question">What to look for.</param>
/// <param name="Trigger">What was measured and where the limit lies.</param>
public sealed record QualityFlag(string Name, string Question, string Trigger)
{
    /// <summary>The flag as one line.</summary>
    public override string ToString() => $"{Question} ({Trigger})";
}
