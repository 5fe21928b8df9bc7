#:property EnforceCodeStyleInBuild=false
// Writes files one after another as one Brotli stream: dotnet run tools/compress.cs OUT FILE... It remembers 16 MiB of what came before: a
// file that is much like the one before it takes little.
using System.IO.Compression;

using FileStream output = File.Create(args[0]);
byte[] input = [.. args.Skip(1).SelectMany(File.ReadAllBytes)];
byte[] compressed = new byte[BrotliEncoder.GetMaxCompressedLength(input.Length)];
if (!BrotliEncoder.TryCompress(input, compressed, out int written, quality: 11, window: 24))
    throw new InvalidOperationException("compression failed");
output.Write(compressed, 0, written);
