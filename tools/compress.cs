#:property EnforceCodeStyleInBuild=false
#:property PublishAot=false
// Writes files one after another as one Brotli stream: dotnet run tools/compress.cs -- OUT FILE... It remembers 64 MiB of what came before
// ("large window", which .NET's own classes do not offer), so that a file which is much like the one before it takes little.
using System.Runtime.InteropServices;

const string Library = "libSystem.IO.Compression.Native";
const int Quality = 1, WindowBits = 2, SizeHint = 5, LargeWindow = 6, Finish = 2;

byte[] input = [.. args.Skip(1).SelectMany(File.ReadAllBytes)];
byte[] output = new byte[input.Length + (1 << 20)];
nint encoder = BrotliEncoderCreateInstance(0, 0, 0);
Set(LargeWindow, 1);
Set(WindowBits, 26);
Set(Quality, uint.Parse(Environment.GetEnvironmentVariable("LUNGSEG_NATIVE_QUALITY") ?? "11"));
Set(SizeHint, (uint)input.Length);
nuint left = (nuint)input.Length, room = (nuint)output.Length;
GCHandle from = GCHandle.Alloc(input, GCHandleType.Pinned), to = GCHandle.Alloc(output, GCHandleType.Pinned);
nint next = from.AddrOfPinnedObject(), at = to.AddrOfPinnedObject();
if (BrotliEncoderCompressStream(encoder, Finish, ref left, ref next, ref room, ref at, 0) == 0 || left != 0 || room == 0)
    throw new InvalidOperationException("compression failed");
BrotliEncoderDestroyInstance(encoder);
File.WriteAllBytes(args[0], output[..(output.Length - (int)room)]);

void Set(int parameter, uint value)
{
    if (BrotliEncoderSetParameter(encoder, parameter, value) == 0)
        throw new InvalidOperationException($"Brotli refuses parameter {parameter}");
}

[DllImport(Library)] static extern nint BrotliEncoderCreateInstance(nint allocate, nint free, nint opaque);
[DllImport(Library)] static extern int BrotliEncoderSetParameter(nint encoder, int parameter, uint value);
[DllImport(Library)] static extern int BrotliEncoderCompressStream(
    nint encoder, int operation, ref nuint left, ref nint input, ref nuint room, ref nint output, nint total);
[DllImport(Library)] static extern void BrotliEncoderDestroyInstance(nint encoder);
