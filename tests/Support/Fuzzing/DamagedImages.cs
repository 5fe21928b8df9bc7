namespace LungSeg.Tests.Fuzzing;

/// <summary>Damaged files by number, the same at each run: each second one is changed, the others are cut.</summary>
internal sealed class DamagedImages(string folder)
{
    private readonly byte[][] _good = [.. GoodImages.In(folder).Select(File.ReadAllBytes)];

    /// <summary>The good files that they are made of.</summary>
    public int Good => _good.Length;

    public byte[] this[int number]
    {
        get
        {
            var random = new Random(number);
            byte[] file = _good[number / 2 % _good.Length];
            return number % 2 == 0 ? Damage.Of(file, random, [0, 1, 0x7F, 0x80, 0xD9, 0xFF], 200, 200) : file[..random.Next(file.Length)];
        }
    }
}
