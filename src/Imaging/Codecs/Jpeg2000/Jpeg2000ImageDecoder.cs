namespace LungSeg.Imaging.Codecs.Jpeg2000;

/// <summary>
/// JPEG 2000 (ISO/IEC 15444-1): JP2 files and bare codestreams, grey or colour, 1 to 16 bits. Alpha is left out; palettes become colour;
/// sYCC is converted as OpenJPEG does; what is under 8 bits is scaled to 8, what is under 16 to 16; signed samples are shifted up by half
/// their range.
/// </summary>
internal sealed class Jpeg2000ImageDecoder : IImageDecoder
{
    private const int Opacity = 1, PremultipliedOpacity = 2;

    public string Format => "JPEG 2000";

    public bool Recognizes(ReadOnlySpan<byte> file) => Jp2File.Recognizes(file) || Codestream.Recognizes(file);

    public Radiograph Decode(byte[] file)
    {
        Jp2File? jp2 = Jp2File.Recognizes(file) ? Jp2File.Read(file) : null;
        (int offset, int length) = jp2?.Codestream ?? (0, file.Length);
        Codestream codestream = Codestream.Read(file, offset, length);
        ImageGrid grid = codestream.Grid;
        List<string> warnings = [.. jp2?.Warnings ?? []];
        if (jp2?.Size is { } stated && stated != (grid.Image.Width, grid.Image.Height, grid.Components.Length))
            warnings.Add(
                $"the header states {stated.Width} x {stated.Height} x {stated.Components}, "
                + $"the codestream {grid.Image.Width} x {grid.Image.Height} x {grid.Components.Length}, which counts");
        ChannelSource[] channels = Channels(jp2, grid);
        (ChannelSource[] colours, bool hasAlpha, bool isYcc) = ChooseColours(jp2, codestream, channels, warnings);
        PixelGrid pixels = PixelGrid.Of(grid, colours.Select(c => c.Component));
        (int width, int height) = (pixels.Area.Width, pixels.Area.Height);
        ImageSize.Check(width, height);

        Plane[] planes = codestream.Decode();
        ushort[] samples = new ushort[width * height * colours.Length];
        ComponentSize[] sizes =
            Array.ConvertAll(colours, c => c.Column < 0 ? grid.Components[c.Component] : jp2!.Palette!.Columns[c.Column]);
        for (int c = 0; c < colours.Length; c++)
            pixels.Spread(planes[colours[c].Component], samples, c, colours.Length, Table(colours[c], sizes[c], grid, jp2?.Palette));
        int bits = sizes.Max(s => s.Bits), depth = bits <= 8 ? 8 : 16;
        if (isYcc)
        {
            if (sizes.Any(s => s.Bits != bits))
                throw new ImageException(
                    "the JPEG 2000 file is in sYCC colour of different depths, which is not supported; save it as PNG");
            PixelGrid.ToRgb(samples, bits);
        }
        for (int c = 0; c < colours.Length; c++)
            Scale(samples.AsSpan(c), colours.Length, sizes[c].Bits, depth);
        string kind = jp2?.Palette is not null && colours[0].Column >= 0 ? "palette" : colours.Length == 1 ? "grey" : "colour";
        return new Radiograph(width, height, colours.Length, depth, samples)
        {
            Description = $"JPEG 2000, {bits}-bit {kind}, {(codestream.IsReversible ? "reversible" : "irreversible")}",
            Decisions =
            [
                .. warnings.Concat(codestream.Warnings).Select(w => new Decision("codestream", w, IsWarning: true)),
                .. hasAlpha ? new[] { new Decision("alpha", "left out") } : [],
                .. isYcc ? new[] { new Decision("colour", "sYCC") } : [],
                .. sizes[0].IsSigned ? new[] { new Decision("samples", $"signed, shifted up by {1 << sizes[0].Bits - 1}") } : [],
            ],
        };
    }

    /// <summary>What each channel is made of; without a palette the components are the channels.</summary>
    private static ChannelSource[] Channels(Jp2File? jp2, ImageGrid grid)
    {
        if (jp2?.Palette is not { } palette)
            return [.. Enumerable.Range(0, grid.Components.Length).Select(c => new ChannelSource(c, -1))];
        ChannelSource[] channels = jp2.Sources ?? [.. Enumerable.Range(0, palette.Columns.Length).Select(c => new ChannelSource(0, c))];
        if (channels.Length == 0 || channels.Any(c => c.Component >= grid.Components.Length || c.Column >= palette.Columns.Length))
            throw new ImageException(
                "the JPEG 2000 file is damaged: its channels name components or columns of a palette that are not there");
        return channels;
    }

    /// <summary>The channels that are colours, in the order grey, or red, green and blue (luminance and chrominance where sYCC).</summary>
    private static (ChannelSource[] Colours, bool HasAlpha, bool IsYcc) ChooseColours(
        Jp2File? jp2, Codestream codestream, ChannelSource[] channels, List<string> warnings)
    {
        bool[] isAlpha = new bool[channels.Length];
        int[] number = [.. Enumerable.Repeat(int.MaxValue, channels.Length)];
        foreach (ChannelMeaning meaning in (jp2?.Meanings ?? []).Where(m => m.Channel < channels.Length))
        {
            isAlpha[meaning.Channel] |= meaning.Type is Opacity or PremultipliedOpacity;
            if (meaning is { Type: 0, Association: >= 1 and <= 3 })
                number[meaning.Channel] = meaning.Association;
        }
        int[] order = [.. Enumerable.Range(0, channels.Length).Where(c => !isAlpha[c]).OrderBy(c => number[c])];
        if (order.Length == 0)
            throw new ImageException("the JPEG 2000 file is damaged: all its channels are opacity");
        bool subsampled = channels.Length >= 3 && codestream.Grid.Components is [var first, var second, ..] && first.Dx == 1
            && second.Dx > 1;
        int colours = order.Length >= 3 ? 3 : 1;
        if (jp2?.ColourSpace is { } space)
        {
            int stated = ColourSpaces.ColoursOf(space);
            if (stated > order.Length || (stated == 1 && colours == 3 && codestream.HasTransform))
                warnings.Add(
                    $"a colour space of {stated} {(stated == 1 ? "colour" : "colours")} is stated, "
                    + $"the codestream has {order.Length}, which counts");
            else
                colours = stated;
        }
        bool isYcc = colours == 3 && (jp2?.ColourSpace == ColourSpaces.Ycc || (jp2?.ColourSpace is null && subsampled));
        return ([.. order[..colours].Select(c => channels[c])], order.Length > colours || order.Length < channels.Length, isYcc);
    }

    /// <summary>
    /// From a sample's 16 bits to its unsigned value: signs shifted up, palettes looked up; null where it is that already.
    /// </summary>
    private static ushort[]? Table(ChannelSource source, ComponentSize size, ImageGrid grid, Palette? palette)
    {
        ComponentSize stored = grid.Components[source.Component];
        if (source.Column < 0 && !stored.IsSigned)
            return null;
        ushort[] table = new ushort[1 << 16];
        for (int i = 0; i < table.Length; i++)
        {
            int value = stored.IsSigned ? (short)i : i;
            if (source.Column >= 0)
                value = palette!.Values[Math.Clamp(value, 0, palette.Entries - 1) * palette.Columns.Length + source.Column];
            if (size.IsSigned)
                value = (source.Column >= 0 ? value << 32 - size.Bits >> 32 - size.Bits : value) + (1 << size.Bits - 1);
            table[i] = (ushort)(value & (1 << size.Bits) - 1);
        }
        return table;
    }

    private static void Scale(Span<ushort> samples, int step, int bits, int depth)
    {
        if (bits == depth)
            return;
        int highest = (1 << bits) - 1, white = (1 << depth) - 1;
        for (int i = 0; i < samples.Length; i += step)
            samples[i] = (ushort)((samples[i] * (long)white + highest / 2) / highest);
    }
}
