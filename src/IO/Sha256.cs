using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace LungSeg.IO;

/// <summary>
/// SHA-256 (FIPS 180-4). .NET's own asks for OpenSSL on Linux and ends the process where there is none; this program asks for
/// nothing.
/// </summary>
internal static class Sha256
{
    /// <summary>Bytes of a hash.</summary>
    public const int Size = 32;

    private const int BlockBytes = 64, LengthBytes = 8, ChunkBytes = 1 << 16;

    // The first 32 bits of the fractions of the square roots of the first 8 primes, and of the cube roots of the first 64.
    private static ReadOnlySpan<uint> Initial =>
        [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

    private static ReadOnlySpan<uint> Round =>
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];

    /// <summary>The hash of some bytes in lower-case hexadecimal, as sha256sum prints it.</summary>
    public static string TextOf(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(Of(bytes));

    /// <summary>The hash of a stream from where it stands to its end, in lower-case hexadecimal.</summary>
    public static string TextOf(Stream stream) => Convert.ToHexStringLower(Of(stream));

    /// <summary>The hash of a text in UTF-8, in lower-case hexadecimal.</summary>
    public static string TextOf(string text) => TextOf(Encoding.UTF8.GetBytes(text));

    /// <summary>The hash of some bytes.</summary>
    public static byte[] Of(ReadOnlySpan<byte> bytes)
    {
        Span<uint> state = stackalloc uint[8];
        Initial.CopyTo(state);
        int whole = bytes.Length / BlockBytes * BlockBytes;
        Compress(state, bytes[..whole]);
        return Finish(state, bytes[whole..], bytes.Length);
    }

    /// <summary>The hash of a stream from where it stands to its end.</summary>
    public static byte[] Of(Stream stream)
    {
        Span<uint> state = stackalloc uint[8];
        Initial.CopyTo(state);
        byte[] chunk = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            long length = 0;
            while (true)
            {
                int read = stream.ReadAtLeast(chunk.AsSpan(0, ChunkBytes), ChunkBytes, throwOnEndOfStream: false);
                length += read;
                int whole = read / BlockBytes * BlockBytes;
                Compress(state, chunk.AsSpan(0, whole));
                if (read < ChunkBytes) return Finish(state, chunk.AsSpan(whole, read - whole), length);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    // One bit, zeros, and the length in bits up to the end of a block.
    private static byte[] Finish(Span<uint> state, ReadOnlySpan<byte> rest, long length)
    {
        Span<byte> last = stackalloc byte[2 * BlockBytes];
        last = last[..(rest.Length + 1 + LengthBytes <= BlockBytes ? BlockBytes : 2 * BlockBytes)];
        last.Clear();
        rest.CopyTo(last);
        last[rest.Length] = 0x80;
        BinaryPrimitives.WriteInt64BigEndian(last[^LengthBytes..], 8 * length);
        Compress(state, last);
        byte[] hash = new byte[Size];
        for (int i = 0; i < state.Length; i++) BinaryPrimitives.WriteUInt32BigEndian(hash.AsSpan(4 * i), state[i]);
        return hash;
    }

    private static void Compress(Span<uint> state, ReadOnlySpan<byte> blocks)
    {
        Span<uint> w = stackalloc uint[64];
        for (; !blocks.IsEmpty; blocks = blocks[BlockBytes..])
        {
            for (int t = 0; t < 16; t++) w[t] = BinaryPrimitives.ReadUInt32BigEndian(blocks[(4 * t)..]);
            for (int t = 16; t < w.Length; t++) w[t] = SmallSigma1(w[t - 2]) + w[t - 7] + SmallSigma0(w[t - 15]) + w[t - 16];
            uint a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
            for (int t = 0; t < w.Length; t++)
            {
                uint first = h + LargeSigma1(e) + ((e & f) ^ (~e & g)) + Round[t] + w[t];
                uint second = LargeSigma0(a) + ((a & b) ^ (a & c) ^ (b & c));
                (h, g, f, e, d, c, b, a) = (g, f, e, d + first, c, b, a, first + second);
            }
            state[0] += a;
            state[1] += b;
            state[2] += c;
            state[3] += d;
            state[4] += e;
            state[5] += f;
            state[6] += g;
            state[7] += h;
        }
    }

    private static uint LargeSigma0(uint x) =>
        BitOperations.RotateRight(x, 2) ^ BitOperations.RotateRight(x, 13) ^ BitOperations.RotateRight(x, 22);

    private static uint LargeSigma1(uint x) =>
        BitOperations.RotateRight(x, 6) ^ BitOperations.RotateRight(x, 11) ^ BitOperations.RotateRight(x, 25);

    private static uint SmallSigma0(uint x) => BitOperations.RotateRight(x, 7) ^ BitOperations.RotateRight(x, 18) ^ (x >> 3);

    private static uint SmallSigma1(uint x) => BitOperations.RotateRight(x, 17) ^ BitOperations.RotateRight(x, 19) ^ (x >> 10);
}
