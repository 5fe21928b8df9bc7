using System.Globalization;
using LungSeg.Engine;

namespace LungSeg.Cli;

/// <summary>Numbers as people read them, the same in every locale.</summary>
internal static class Units
{
    public static string Milliseconds(TimeSpan time) => Milliseconds(time.TotalMilliseconds);

    public static string Milliseconds(double ms) => ms.ToString(ms < 10 ? "0.0" : "0", CultureInfo.InvariantCulture);

    public static string Duration(double seconds)
    {
        TimeSpan time = TimeSpan.FromSeconds(Math.Round(seconds));
        return time.TotalHours >= 1 ? $"{(int)time.TotalHours} h {time.Minutes:00} min"
            : time.TotalMinutes >= 1 ? $"{time.Minutes} min {time.Seconds:00} s"
            : $"{Fixed(seconds, seconds < 10 ? 1 : 0)} s";
    }

    public static string Percent(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture) + " %";

    public static string Millions(long count) => (count / 1e6).ToString("0.000", CultureInfo.InvariantCulture);

    public static string Billions(long count) => (count / 1e9).ToString("0.00", CultureInfo.InvariantCulture);

    public static string MebiBytes(long bytes) => (bytes / (1024.0 * 1024)).ToString("0.0", CultureInfo.InvariantCulture);

    /// <summary>Whole MiB, and GiB from ten of them.</summary>
    public static string Memory(long bytes) =>
        bytes >= 10L << 30 ? $"{Fixed(bytes / (double)(1L << 30), 1)} GiB" : $"{Fixed(bytes / (double)(1L << 20), 0)} MiB";

    public static string Error(double value) => value == 0 ? "0" : value.ToString("0.00e+0", CultureInfo.InvariantCulture);

    public static string Fixed(double value, int digits) => value.ToString($"F{digits}", CultureInfo.InvariantCulture);

    public static string Dims(Shape shape) => $"{shape.C} x {shape.H} x {shape.W}";
}
