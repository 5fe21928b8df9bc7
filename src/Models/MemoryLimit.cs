using System.Globalization;
using LungSeg.Engine;

namespace LungSeg.Models;

/// <summary>Refuses a network that would take more memory than it may, before its weights are packed.</summary>
internal static class MemoryLimit
{
    private const long Mebibyte = 1 << 20;

    /// <summary>Throws <see cref="DeviceException"/> where weights and plans need more bytes than the limit.</summary>
    public static void Check(Model model, int networkSize, int plans, long limit)
    {
        MemoryNeed need = model.Measure(1, networkSize, networkSize);
        if (need.Of(plans) <= limit) return;
        string fewer = plans > 1 ? string.Create(CultureInfo.InvariantCulture, $", or {Up(need.Of(1))} MiB for one") : "";
        throw new DeviceException(string.Create(CultureInfo.InvariantCulture,
            $"{limit / Mebibyte} MiB do not suffice: at {networkSize} x {networkSize} the network takes {Up(need.Weights)} MiB of weights "
            + $"and {Up(need.Plan)} MiB of working memory for each of {plans} {(plans == 1 ? "plan" : "plans")}; "
            + $"allow {Up(need.Of(plans))} MiB{fewer}, or use a smaller size or network"));
    }

    private static long Up(long bytes) => (bytes + Mebibyte - 1) / Mebibyte;
}
