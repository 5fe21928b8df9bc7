using System.IO.Compression;
using System.Text;

namespace LungSeg.Engine.Tests.Weights.Torch;

/// <summary>Writes pickles and PyTorch's zip files for tests, opcode by opcode.</summary>
internal sealed class PickleWriter
{
    private readonly List<byte> _bytes = [];

    public static PickleWriter Protocol(int protocol) => new PickleWriter().Raw(0x80, (byte)protocol);

    public PickleWriter Raw(params byte[] bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public PickleWriter Op(char opcode) => Raw((byte)opcode);

    public PickleWriter Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        return Op('X').Raw(BitConverter.GetBytes(utf8.Length)).Raw(utf8);
    }

    public PickleWriter Int(int value) => Op('J').Raw(BitConverter.GetBytes(value));

    public PickleWriter Global(string module, string name) => Op('c').Raw(Encoding.UTF8.GetBytes($"{module}\n{name}\n"));

    public PickleWriter Ints(params int[] values)
    {
        Op('(');
        foreach (int value in values)
            Int(value);
        return Op('t');
    }

    /// <summary>A contiguous tensor over the storage of a key.</summary>
    public PickleWriter Tensor(string storageType, string key, int count, params int[] dims)
    {
        int[] strides = new int[dims.Length];
        for (int i = dims.Length - 1, stride = 1; i >= 0; stride *= dims[i--])
            strides[i] = stride;
        Global("torch._utils", "_rebuild_tensor_v2").Op('(');
        Op('(').Text("storage").Global("torch", storageType).Text(key).Text("cpu").Int(count).Op('t').Op('Q');
        Int(0).Ints(dims).Ints(strides).Raw(0x89).Global("collections", "OrderedDict").Op(')').Op('R');
        return Op('t').Op('R');
    }

    public byte[] Stop() => [.. Op('.')._bytes];

    /// <summary>A zip file as PyTorch lays it out.</summary>
    public static byte[] Zip(byte[] pickle, IEnumerable<(string Name, byte[] Bytes)> records,
        CompressionLevel level = CompressionLevel.NoCompression)
    {
        var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create))
        {
            foreach ((string name, byte[] content) in records.Prepend(("data.pkl", pickle)))
            {
                using Stream entry = zip.CreateEntry($"archive/{name}", level).Open();
                entry.Write(content);
            }
        }
        return bytes.ToArray();
    }
}
