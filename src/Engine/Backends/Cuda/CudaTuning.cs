using System.Text.Json;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>What was measured on a GPU, by which the kernels of convolutions are chosen there; <c>lungseg tune</c> measures it.</summary>
public sealed record CudaTuning
{
    internal CudaTuning(string device, double launchMicroseconds, double memoryBytesPerSecond,
        IReadOnlyDictionary<string, double> macsPerClock) =>
        (Device, LaunchMicroseconds, MemoryBytesPerSecond, MacsPerClock) = (device, launchMicroseconds, memoryBytesPerSecond, macsPerClock);

    /// <summary>The GPU's name, as its driver gives it.</summary>
    public string Device { get; }

    /// <summary>Microseconds that a launch takes that computes next to nothing.</summary>
    public double LaunchMicroseconds { get; }

    /// <summary>Bytes that a kernel reads and writes in a second.</summary>
    public double MemoryBytesPerSecond { get; }

    /// <summary>For each tiled convolution by name, multiply-accumulates of a multiprocessor in a clock, on a large map.</summary>
    public IReadOnlyDictionary<string, double> MacsPerClock { get; }

    /// <summary>Writes it as a JSON object.</summary>
    public void Write(Utf8JsonWriter json)
    {
        ArgumentNullException.ThrowIfNull(json);
        json.WriteStartObject();
        json.WriteString("device", Device);
        json.WriteNumber("launch_microseconds", LaunchMicroseconds);
        json.WriteNumber("memory_bytes_per_second", MemoryBytesPerSecond);
        json.WriteStartObject("macs_per_clock");
        foreach ((string kernel, double rate) in MacsPerClock.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            json.WriteNumber(kernel, rate);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>Reads what <see cref="Write"/> wrote; throws <see cref="FormatException"/> for anything else.</summary>
    public static CudaTuning Read(ReadOnlySpan<byte> utf8)
    {
        try
        {
            var reader = new Utf8JsonReader(utf8);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            JsonElement json = document.RootElement;
            var rates = json.GetProperty("macs_per_clock").EnumerateObject()
                .ToDictionary(rate => rate.Name, rate => Positive(rate.Value), StringComparer.Ordinal);
            return new CudaTuning(
                json.GetProperty("device").GetString() ?? "",
                Positive(json.GetProperty("launch_microseconds")),
                Positive(json.GetProperty("memory_bytes_per_second")),
                rates);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException)
        {
            throw new FormatException("it is not what 'lungseg tune' writes", e);
        }
    }

    private static double Positive(JsonElement number) => number.GetDouble() is var value && double.IsFinite(value) && value > 0
        ? value
        : throw new FormatException($"expected a positive number, found {number.GetRawText()}");
}
