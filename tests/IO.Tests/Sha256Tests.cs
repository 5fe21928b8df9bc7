using System.Security.Cryptography;
using System.Text;
using CsCheck;

namespace LungSeg.IO.Tests;

public sealed class Sha256Tests
{
    // FIPS 180-4's examples; the message of the second fills the first block but for the length.
    [Theory]
    [InlineData("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")]
    [InlineData("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    public void The_standards_examples(string text, string expected) =>
        Assert.Equal(expected, Convert.ToHexStringLower(Sha256.Of(Encoding.ASCII.GetBytes(text))));

    [Fact]
    public void Any_bytes_have_the_hash_that_the_systems_library_gives_at_once_and_in_a_stream() =>
        Gen.OneOf(Gen.Int[0, 200], Gen.Int[65_400, 65_700], Gen.Int[0, 300_000]).SelectMany(size => Gen.Byte.Array[size]).Sample(bytes =>
        {
            byte[] expected = SHA256.HashData(bytes);
            Assert.Equal(expected, Sha256.Of(bytes));
            using var stream = new MemoryStream(bytes);
            Assert.Equal(expected, Sha256.Of(stream));
        }, iter: 60, threads: 1);
}
