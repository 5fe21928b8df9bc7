using System.Globalization;

namespace LungSeg.Imaging.Dicom.Writing;

/// <summary>
/// When a written object was made: the time that its result states, else the second that SOURCE_DATE_EPOCH names, for files that must
/// come out the same, else now.
/// </summary>
internal static class CreationTime
{
    private const string Variable = "SOURCE_DATE_EPOCH";

    /// <summary>The time of an object that is made now.</summary>
    public static DateTime Now =>
        long.TryParse(Environment.GetEnvironmentVariable(Variable), NumberStyles.None, CultureInfo.InvariantCulture, out long seconds)
            ? DateTimeOffset.FromUnixTimeSeconds(seconds).UtcDateTime
            : DateTime.Now;

    public static void Set(DataSetBuilder dataSet, DerivedKind kind, DateTime? stated)
    {
        DateTime time = stated ?? Now;
        bool isState = kind.SopClassUid == SopClass.PresentationState;
        dataSet
            .Set(isState ? Attribute.PresentationCreationDate : Attribute.ContentDate,
                time.ToString("yyyyMMdd", CultureInfo.InvariantCulture))
            .Set(isState ? Attribute.PresentationCreationTime : Attribute.ContentTime,
                time.ToString("HHmmss", CultureInfo.InvariantCulture));
    }
}
