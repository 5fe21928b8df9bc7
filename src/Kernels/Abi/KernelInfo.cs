using System.Text.Json;

namespace LungSeg.Kernels.Abi;

/// <summary>
/// A GPU kernel: what it does, what it needs, how it is launched. The build writes it to the kernels' archive, the engine reads it there.
/// </summary>
internal sealed record KernelInfo
{
    /// <summary>The entry point, and the name of its module.</summary>
    public required string Name { get; init; }

    /// <summary>One of <see cref="KernelFamily"/>.</summary>
    public required string Family { get; init; }

    /// <summary>Element type of the maps, one of <see cref="KernelNumbers"/>; empty where there are none.</summary>
    public string Storage { get; init; } = "";

    /// <summary>What products are rounded to, one of <see cref="KernelNumbers"/>; the storage's unless something else is said.</summary>
    public string Precision { get => field ?? Storage; init; }

    /// <summary>Channels that a thread moves at once: 8, or 1 for maps of one channel.</summary>
    public int Width { get; init; } = 8;

    /// <summary>The architecture that the module is written for: sm_60, sm_80 (and later ones), sm_90a (that one alone).</summary>
    public string Target { get; init; } = "sm_60";

    /// <summary>Threads of a block.</summary>
    public int Threads { get; init; } = 256;

    /// <summary>Dynamic shared memory of a block in bytes.</summary>
    public int SharedBytes { get; init; }

    /// <summary>Pixels (or rows) of a block; 0 where a kernel has no tiles.</summary>
    public int TileM { get; init; }

    /// <summary>Filters (or columns) of a block.</summary>
    public int TileN { get; init; }

    /// <summary>Depth of a step of the reduction.</summary>
    public int TileK { get; init; }

    /// <summary>Whether the input is multiplied by a gate on the way.</summary>
    public bool Gate { get; init; }

    /// <summary>Whether it is chosen only where a card has been measured: a variant of the kernel whose name begins its own.</summary>
    public bool Trial { get; init; }

    /// <summary>Bytes of the parameter structure.</summary>
    public int ParameterBytes { get; init; }

    /// <summary>The name of a family's kernel for a storage; those for maps of one channel are apart.</summary>
    public static string NameOf(string family, string storage, bool single) => NameOf(family, single ? $"{storage}_single" : storage);

    /// <summary>The name of one of a family's kernels.</summary>
    public static string NameOf(string family, string variant) => variant.Length == 0 ? family : $"{family}_{variant}";

    /// <summary>Writes all of it, as members of an object that is open.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteString("name", Name);
        json.WriteString("family", Family);
        json.WriteString("precision", Precision);
        json.WriteString("storage", Storage);
        json.WriteNumber("width", Width);
        json.WriteString("target", Target);
        json.WriteNumber("threads", Threads);
        json.WriteNumber("sharedBytes", SharedBytes);
        json.WriteNumber("tileM", TileM);
        json.WriteNumber("tileN", TileN);
        json.WriteNumber("tileK", TileK);
        json.WriteBoolean("gate", Gate);
        json.WriteBoolean("trial", Trial);
        json.WriteNumber("parameterBytes", ParameterBytes);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static KernelInfo Read(JsonElement json)
    {
        return new KernelInfo
        {
            Name = Text("name"),
            Family = Text("family"),
            Precision = Text("precision"),
            Storage = Text("storage"),
            Width = Number("width"),
            Target = Text("target"),
            Threads = Number("threads"),
            SharedBytes = Number("sharedBytes"),
            TileM = Number("tileM"),
            TileN = Number("tileN"),
            TileK = Number("tileK"),
            Gate = json.GetProperty("gate").GetBoolean(),
            Trial = json.GetProperty("trial").GetBoolean(),
            ParameterBytes = Number("parameterBytes"),
        };

        string Text(string name) => json.GetProperty(name).GetString()!;

        int Number(string name) => json.GetProperty(name).GetInt32();
    }
}
