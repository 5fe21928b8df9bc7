using System.Text.Json;

namespace LungSeg.Engine.Weights;

/// <summary>
/// Reads the format: 8 bytes of header length, a JSON header, the data. Everything the header claims is checked against
/// the file before a weight is handed out.
/// </summary>
internal static class SafetensorsReader
{
    /// <summary>The format's own limit.</summary>
    private const long MaxHeaderBytes = 100_000_000;

    private const int MaxDims = 64;

    public static StateDict Read(ByteSource source)
    {
        if (source.Length < 8)
            throw source.Error($"is no safetensors file: it has {source.Length} bytes, the header's length alone takes 8");
        ulong headerBytes = BitConverter.ToUInt64(source.Read(0, 8L));
        if (headerBytes > MaxHeaderBytes || (long)headerBytes > source.Length - 8)
            throw source.Error($"is no safetensors file, or damaged: its header claims {headerBytes} bytes, the file has {source.Length} "
                + $"(the format allows {MaxHeaderBytes})");

        byte[] json = source.Read(8, (long)headerBytes);
        if (json.Length == 0 || json[0] != '{')
            throw source.Error("is damaged: the header must begin with '{'");
        Header header;
        try
        {
            header = ReadHeader(json, source);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw source.Error($"is damaged: the header is not the JSON of the format ({e.Message})", e);
        }

        long dataStart = 8 + (long)headerBytes;
        CheckLayout(header.Entries, source.Length - dataStart, source);
        return new StateDict(header.Entries.Select(entry => entry.ToParameter(source, dataStart)),
            header.Metadata)
        { Format = "safetensors" };
    }

    private static Header ReadHeader(byte[] json, ByteSource source)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 8 });
        List<Entry> entries = [];
        HashSet<string> keys = new(StringComparer.Ordinal);
        SortedDictionary<string, string> metadata = new(StringComparer.Ordinal);

        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            if (!keys.Add(key))
                throw source.Error($"is damaged: the header lists '{key}' twice");
            reader.Read();
            if (key == "__metadata__")
                ReadMetadata(ref reader, metadata);
            else
                entries.Add(ReadEntry(ref reader, key, source));
        }
        // Only white space may follow; the reader itself refuses the rest.
        while (reader.Read())
        {
        }
        return new Header(entries, metadata);
    }

    private static void ReadMetadata(ref Utf8JsonReader reader, SortedDictionary<string, string> metadata)
    {
        Expect(reader, JsonTokenType.StartObject, "__metadata__");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            Expect(reader, JsonTokenType.String, "__metadata__");
            metadata[name] = reader.GetString()!;
        }
    }

    private static Entry ReadEntry(ref Utf8JsonReader reader, string key, ByteSource source)
    {
        Expect(reader, JsonTokenType.StartObject, key);
        DType? dtype = null;
        List<long>? dims = null;
        List<long>? offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string field = reader.GetString()!;
            reader.Read();
            switch (field)
            {
                case "dtype":
                    Expect(reader, JsonTokenType.String, key);
                    dtype = ParseDType(reader.GetString()!, key, source);
                    break;
                case "shape":
                    dims = ReadNumbers(ref reader, key, MaxDims);
                    break;
                case "data_offsets":
                    offsets = ReadNumbers(ref reader, key, 2);
                    break;
                default:
                    throw new JsonException($"'{key}' has the unknown field '{field}'");
            }
        }
        if (dtype is null || dims is null || offsets is not { Count: 2 })
            throw new JsonException($"'{key}' needs dtype, shape and two data_offsets");
        return CheckEntry(key, dtype.Value, dims, offsets[0], offsets[1], source);
    }

    private static Entry CheckEntry(string key, DType dtype, List<long> dims, long begin, long end, ByteSource source)
    {
        long values = 1;
        bool tooLarge = false;
        foreach (long dim in dims)
        {
            tooLarge |= dim is < 0 or > int.MaxValue || Math.BigMul(values, dim, out values) != 0 || values < 0;
        }
        if (tooLarge || values > Array.MaxLength || begin < 0 || begin > end || values * dtype.ItemSize() != end - begin)
        {
            throw source.Error(
                $"is damaged: weight '{key}' of {dtype} [{string.Join(", ", dims)}] does not fit its bytes {begin} to {end}");
        }
        return new Entry(key, dtype, [.. dims.Select(dim => (int)dim)], begin, end);
    }

    private static List<long> ReadNumbers(ref Utf8JsonReader reader, string key, int maximum)
    {
        Expect(reader, JsonTokenType.StartArray, key);
        List<long> numbers = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.Number)
        {
            if (numbers.Count == maximum || !reader.TryGetInt64(out long number) || number < 0)
                throw new JsonException($"'{key}' has a bad number, or more than {maximum}");
            numbers.Add(number);
        }
        Expect(reader, JsonTokenType.EndArray, key);
        return numbers;
    }

    private static void Expect(in Utf8JsonReader reader, JsonTokenType expected, string key)
    {
        if (reader.TokenType != expected)
            throw new JsonException($"'{key}': {expected} expected, {reader.TokenType} found");
    }

    private static DType ParseDType(string name, string key, ByteSource source) => name switch
    {
        "F32" => DType.Float32,
        "F16" => DType.Float16,
        "BF16" => DType.BFloat16,
        "F64" => DType.Float64,
        "I8" => DType.Int8,
        "U8" => DType.UInt8,
        "I16" => DType.Int16,
        "U16" => DType.UInt16,
        "I32" => DType.Int32,
        "U32" => DType.UInt32,
        "I64" => DType.Int64,
        "U64" => DType.UInt64,
        "BOOL" => DType.Bool,
        _ => throw source.Error($"holds weight '{key}' as {name}, which is not supported: convert it to F32, F16 or BF16"),
    };

    /// <summary>As the format asks: the weights lie one after the other and fill the file.</summary>
    private static void CheckLayout(List<Entry> entries, long dataBytes, ByteSource source)
    {
        long end = 0;
        foreach (Entry entry in entries.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End))
        {
            if (entry.Begin != end)
                throw source.Error($"is damaged: weight '{entry.Key}' begins at byte {entry.Begin}, the one before ends at {end}");
            end = entry.End;
            if (end > dataBytes)
                throw source.Error($"is truncated or damaged: weight '{entry.Key}' ends at byte {end}, the data has {dataBytes}");
        }
        if (end != dataBytes)
            throw source.Error($"is damaged: {dataBytes - end} bytes after the last weight belong to nothing");
    }

    private sealed record Header(List<Entry> Entries, SortedDictionary<string, string> Metadata);

    private sealed record Entry(string Key, DType DType, int[] Dims, long Begin, long End)
    {
        public Parameter ToParameter(ByteSource source, long dataStart)
        {
            int count = (int)((End - Begin) / DType.ItemSize());
            return new Parameter(Key, Dims, () =>
            {
                float[] values = GC.AllocateUninitializedArray<float>(count);
                ElementReader.Read(source, dataStart + Begin, DType, bigEndian: false, values);
                return values;
            }, DType);
        }
    }
}
