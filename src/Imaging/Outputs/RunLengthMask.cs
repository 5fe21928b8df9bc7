using System.Text;

namespace LungSeg.Imaging.Outputs;

/// <summary>COCO's run-length coding of a mask: lengths of background and object in turns, down the columns, packed into text.</summary>
internal static class RunLengthMask
{
    /// <summary>The packed text (pycocotools' rleToString) for the pixels of one value.</summary>
    public static string Encode(byte[] pixels, int width, int height, byte value)
    {
        StringBuilder text = new();
        (int previous, int beforePrevious, int count) = (0, 0, 0);
        (bool inside, int run) = (false, 0);
        byte[] column = new byte[height];
        for (int x = 0; x < width; x++)
        {
            for (int y = 0; y < height; y++)
                column[y] = pixels[y * width + x];
            for (ReadOnlySpan<byte> rest = column; rest.Length > 0;)
            {
                int same = inside ? rest.IndexOfAnyExcept(value) : rest.IndexOf(value);
                run += same < 0 ? rest.Length : same;
                if (same < 0)
                    break;
                Append(run);
                (inside, run) = (!inside, 0);
                rest = rest[same..];
            }
        }
        Append(run);
        return text.ToString();

        // From the fourth number on, the difference to the last but one is written: five bits a character, the low ones first.
        void Append(int length)
        {
            int number = count > 2 ? length - beforePrevious : length;
            (beforePrevious, previous, count) = (previous, length, count + 1);
            for (bool more = true; more;)
            {
                int bits = number & 0x1F;
                number >>= 5;
                more = (bits & 0x10) != 0 ? number != -1 : number != 0;
                text.Append((char)(48 + (more ? bits | 0x20 : bits)));
            }
        }
    }
}
