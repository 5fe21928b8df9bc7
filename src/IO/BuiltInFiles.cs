using System.Buffers;

namespace LungSeg.IO;

/// <summary>
/// Files that a native program or library carries in itself, by their names, which begin with <see cref="Prefix"/>. Who opens a file by its
/// path looks here first.
/// </summary>
internal static class BuiltInFiles
{
    /// <summary>What a path begins with that names one of these.</summary>
    public const string Prefix = "(built in)/";

    private static readonly Dictionary<string, ReadOnlyMemory<byte>> Files = [];

    /// <summary>The path of a file of this name.</summary>
    public static string PathOf(string name) => Prefix + name;

    /// <summary>Adds a file before anything else runs; its bytes stay where they are to the end of the process.</summary>
    public static unsafe void Add(string name, byte* bytes, int length) => Files.Add(PathOf(name), new Constant(bytes, length).Memory);

    /// <summary>Whether there is one of this path.</summary>
    public static bool Exists(string path) => Files.ContainsKey(path);

    /// <summary>The bytes of the one of this path.</summary>
    public static bool TryGet(string path, out ReadOnlyMemory<byte> bytes) => Files.TryGetValue(path, out bytes);

    private sealed unsafe class Constant(byte* bytes, int length) : MemoryManager<byte>
    {
        public override Span<byte> GetSpan() => new(bytes, length);

        public override MemoryHandle Pin(int elementIndex = 0) => new(bytes + elementIndex);

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
