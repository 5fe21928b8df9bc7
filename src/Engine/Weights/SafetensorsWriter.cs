using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LungSeg.Engine.Weights;

/// <summary>
/// Writes the format so that the same weights give the same bytes: metadata sorted, a header padded with spaces to 8
/// bytes, wide elements before narrow ones so that every weight is aligned to its type.
/// </summary>
internal static class SafetensorsWriter
{
    /// <param name="stream">Where the file's bytes go.</param>
    /// <param name="parameters">The weights, in the order of the header.</param>
    /// <param name="metadata">Notes for the header.</param>
    /// <param name="dtype">What floating-point weights are written as.</param>
    /// <param name="keepBytes">Whether weights stored as <see cref="DType.Int8"/> are written so, and not as float32.</param>
    public static RoundingReport Write(
        Stream stream, IReadOnlyList<Parameter> parameters, IReadOnlyDictionary<string, string> metadata, DType dtype,
        bool keepBytes = false)
    {
        Check(dtype);
        if (parameters.CountBy(parameter => parameter.Key)
            .FirstOrDefault(pair => pair.Value > 1 || pair.Key == "__metadata__") is { Key: { } key })
            throw new WeightException($"weight '{key}' cannot be written: a key must be unique and not the format's own '__metadata__'");

        if (parameters.FirstOrDefault(parameter => parameter.Dims.Any(dim => dim < 0) || parameter.Count > Array.MaxLength) is { } odd)
            throw new WeightException($"weight {odd} cannot be written: that is no number of values");

        Entry[] entries = [.. parameters.Select(parameter => new Entry(parameter, parameter.StoredAs switch
        {
            DType.Int8 when keepBytes => DType.Int8,
            { } stored => stored.IsFloatingPoint() ? dtype : DType.Float32,
        }))];
        Entry[] byWidth = [.. entries.OrderByDescending(entry => entry.DType.ItemSize())];
        long end = 0;
        foreach (Entry entry in byWidth)
        {
            entry.Begin = end;
            end = checked(end + entry.Bytes);
        }

        var rounding = new Rounding();
        WriteHeader(stream, entries, metadata);
        foreach (Entry entry in byWidth) WriteValues(stream, entry, rounding);
        return rounding.Report();
    }

    private static void WriteHeader(Stream stream, Entry[] entries, IReadOnlyDictionary<string, string> metadata)
    {
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            if (metadata.Count > 0)
            {
                writer.WriteStartObject("__metadata__");
                foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                    writer.WriteString(key, value);
                writer.WriteEndObject();
            }
            foreach (Entry entry in entries)
                entry.WriteTo(writer);
            writer.WriteEndObject();
        }
        while (json.Length % 8 != 0)
            json.WriteByte((byte)' ');

        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        stream.Write(length);
        json.WriteTo(stream);
    }

    private static void WriteValues(Stream stream, Entry entry, Rounding rounding)
    {
        float[] values = entry.Parameter.Read();
        if (values.Length != entry.Parameter.Count)
            throw new WeightException($"weight {entry.Parameter} has {values.Length} values, not {entry.Parameter.Count}");

        const int Chunk = 1 << 15;
        Span<byte> bytes = new byte[Chunk * entry.DType.ItemSize()];
        for (int start = 0; start < values.Length; start += Chunk)
        {
            ReadOnlySpan<float> part = values.AsSpan(start, Math.Min(Chunk, values.Length - start));
            Span<byte> encoded = bytes[..(part.Length * entry.DType.ItemSize())];
            if (entry.DType == DType.Float32)
            {
                if (BitConverter.IsLittleEndian)
                    MemoryMarshal.AsBytes(part).CopyTo(encoded);
                else
                    for (int i = 0; i < part.Length; i++)
                        BinaryPrimitives.WriteSingleLittleEndian(encoded[(4 * i)..], part[i]);
            }
            else if (entry.DType == DType.Int8)
            {
                for (int i = 0; i < part.Length; i++) encoded[i] = (byte)Byte(part[i], entry.Parameter);
            }
            else
            {
                rounding.Encode(part, entry.DType, encoded, entry.Parameter.Key);
            }
            stream.Write(encoded);
        }
    }

    private static sbyte Byte(float value, Parameter parameter) => value == (sbyte)value ? (sbyte)value
        : throw new WeightException($"weight {parameter} cannot be written: {value} is no whole number from -128 to 127");

    private sealed class Entry(Parameter parameter, DType dtype)
    {
        public Parameter Parameter => parameter;

        public DType DType => dtype;

        public long Begin { get; set; }

        public long Bytes => checked(parameter.Count * dtype.ItemSize());

        public void WriteTo(Utf8JsonWriter writer)
        {
            writer.WriteStartObject(parameter.Key);
            writer.WriteString("dtype", dtype switch { DType.Float16 => "F16", DType.BFloat16 => "BF16", DType.Int8 => "I8", _ => "F32" });
            writer.WriteStartArray("shape");
            foreach (int dim in parameter.Dims)
                writer.WriteNumberValue(dim);
            writer.WriteEndArray();
            writer.WriteStartArray("data_offsets");
            writer.WriteNumberValue(Begin);
            writer.WriteNumberValue(Begin + Bytes);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
    }

    /// <summary>Rounds to 16 bits and keeps account of the loss.</summary>
    private sealed class Rounding
    {
        private double _largestError;
        private string? _largestErrorKey;
        private long _overflows;
        private string? _overflowKey;

        public void Encode(ReadOnlySpan<float> values, DType dtype, Span<byte> bytes, string key)
        {
            for (int i = 0; i < values.Length; i++)
            {
                float value = values[i], rounded;
                if (dtype == DType.Float16)
                {
                    Half half = (Half)value;
                    BinaryPrimitives.WriteHalfLittleEndian(bytes[(2 * i)..], half);
                    rounded = (float)half;
                }
                else
                {
                    ushort half = BFloat16.FromSingle(value);
                    BinaryPrimitives.WriteUInt16LittleEndian(bytes[(2 * i)..], half);
                    rounded = BFloat16.ToSingle(half);
                }
                Count(value, rounded, key);
            }
        }

        public RoundingReport Report() => new(_largestError, _largestErrorKey, _overflows, _overflowKey);

        private void Count(float value, float rounded, string key)
        {
            if (float.IsFinite(value) && !float.IsFinite(rounded))
            {
                _overflows++;
                _overflowKey ??= key;
            }
            else if (Math.Abs((double)value - rounded) is var error && error > _largestError)
            {
                _largestError = error;
                _largestErrorKey = key;
            }
        }
    }

    /// <summary>Throws <see cref="ArgumentException"/> unless weights can be written as a type.</summary>
    public static void Check(DType dtype)
    {
        if (dtype is not (DType.Float32 or DType.Float16 or DType.BFloat16))
            throw new ArgumentException($"weights are written as Float32, Float16 or BFloat16, not as {dtype}", nameof(dtype));
    }
}
