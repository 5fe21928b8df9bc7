#:property EnforceCodeStyleInBuild=false
#:property PublishAot=false
// Makes of the levels of a native program what src/Native/Outer/levels.c unpacks: dotnet run tools/compress.cs -- OUT FILE... Each file is
// cut into as many parts. The first parts of all files are one Brotli stream, the second parts another: threads unpack them side by side. A
// stream remembers 32 MiB ("large window", which .NET's own classes do not offer), so that a part that is like the one before it takes
// little. OUT begins with how many bytes each file added to each stream, four bytes each: who wants the first file reads no others.
using System.Buffers.Binary;
using System.Runtime.InteropServices;

const string Library = "libSystem.IO.Compression.Native";
const int Quality = 1, WindowBits = 2, SizeHint = 5, LargeWindow = 6, Flush = 1, Finish = 2;
const int Parts = 4, Block = 1 << 18;

byte[][] files = [.. args.Skip(1).Select(File.ReadAllBytes)];
var streams = new byte[Parts][];
var lengths = new byte[Parts][];
Parallel.For(0, Parts, part => (streams[part], lengths[part]) = Compress([.. files.Select(file => Part(file, part))]));
File.WriteAllBytes(args[0], [.. lengths.SelectMany(length => length), .. streams.SelectMany(stream => stream)]);

// In x64 code, calls and jumps state how far away their targets are. Where the targets are says more: calls of one function become alike.
static byte[] Part(byte[] file, int part)
{
    const int Machine = 18, X64 = 62;
    int begin = (int)((long)file.Length * part / Parts), end = (int)((long)file.Length * (part + 1) / Parts);
    byte[] bytes = file[begin..end];
    if (file[Machine] != X64) return bytes;
    for (int from = 0; from < bytes.Length; from += Block)
    {
        Span<byte> block = bytes.AsSpan(from, Math.Min(Block, bytes.Length - from));
        for (int i = 0; i + 5 <= block.Length; i++)
        {
            if ((block[i] & 0xfe) != 0xe8) continue;
            // What was looked at is passed over, changed or not, so that who restores it sees the same.
            Span<byte> distance = block.Slice(i + 1, 4);
            i += 4;
            if (distance[3] is not (0 or 0xff)) continue;
            int target = BinaryPrimitives.ReadInt32LittleEndian(distance) + begin + from + i - 4;
            // As many bits as distances have.
            BinaryPrimitives.WriteInt32LittleEndian(distance, target << 7 >> 7);
        }
    }
    return bytes;
}

static (byte[] Stream, byte[] Lengths) Compress(byte[][] inputs)
{
    byte[] output = new byte[inputs.Sum(input => input.Length) + (1 << 20)], lengths = new byte[sizeof(int) * inputs.Length];
    nint encoder = BrotliEncoderCreateInstance(0, 0, 0);
    Set(encoder, LargeWindow, 1);
    Set(encoder, WindowBits, 25);
    Set(encoder, Quality, uint.Parse(Environment.GetEnvironmentVariable("LUNGSEG_NATIVE_QUALITY") ?? "11"));
    Set(encoder, SizeHint, (uint)inputs.Sum(input => input.Length));
    GCHandle to = GCHandle.Alloc(output, GCHandleType.Pinned);
    nint at = to.AddrOfPinnedObject();
    nuint room = (nuint)output.Length;
    for (int i = 0; i < inputs.Length; i++)
    {
        GCHandle from = GCHandle.Alloc(inputs[i], GCHandleType.Pinned);
        nint next = from.AddrOfPinnedObject();
        nuint left = (nuint)inputs[i].Length, before = room;
        if (BrotliEncoderCompressStream(encoder, i + 1 < inputs.Length ? Flush : Finish, ref left, ref next, ref room, ref at, 0) == 0
            || left != 0 || room == 0)
        {
            throw new InvalidOperationException("compression failed");
        }
        BinaryPrimitives.WriteInt32LittleEndian(lengths.AsSpan(sizeof(int) * i), (int)(before - room));
        from.Free();
    }
    BrotliEncoderDestroyInstance(encoder);
    to.Free();
    return (output[..(output.Length - (int)room)], lengths);
}

static void Set(nint encoder, int parameter, uint value)
{
    if (BrotliEncoderSetParameter(encoder, parameter, value) == 0)
        throw new InvalidOperationException($"Brotli refuses parameter {parameter}");
}

[DllImport(Library)] static extern nint BrotliEncoderCreateInstance(nint allocate, nint free, nint opaque);
[DllImport(Library)] static extern int BrotliEncoderSetParameter(nint encoder, int parameter, uint value);
[DllImport(Library)] static extern int BrotliEncoderCompressStream(
    nint encoder, int operation, ref nuint left, ref nint input, ref nuint room, ref nint output, nint total);
[DllImport(Library)] static extern void BrotliEncoderDestroyInstance(nint encoder);
