namespace LungSeg.Imaging.Codecs.Jpeg;

/// <summary>Decodes the scans of a JPEG file whose structure was read, sequential or progressive, to samples of each component.</summary>
internal static class JpegDecoder
{
    private const int DefineHuffman = 0xC4, DefineQuantisation = 0xDB, DefineRestart = 0xDD, MaximumScans = 200;

    public static JpegPlanes Decode(ReadOnlySpan<byte> file, JpegStructure jpeg)
    {
        JpegImageDecoder.RefuseUnsupported(jpeg);
        if (jpeg.Width == 0)
            throw new ImageException("the JPEG file is damaged: its width is 0");
        // A block takes at least one bit.
        if ((long)jpeg.Width * jpeg.Height / 64 > 8L * file.Length)
            throw new ImageException($"the JPEG file is truncated: {file.Length} bytes cannot hold {jpeg.Width} x {jpeg.Height} pixels");
        if (jpeg.Scans > MaximumScans)
            throw new ImageException($"the JPEG file is damaged: {jpeg.Scans} scans, at most {MaximumScans} were expected");
        JpegComponent[] components = new JpegComponent[jpeg.Components.Length];
        for (int i = 0; i < components.Length; i++)
            components[i] = new JpegComponent(jpeg, i);
        JpegTables tables = new();
        foreach (JpegStructure.Segment segment in jpeg.Segments)
        {
            ReadOnlySpan<byte> body = file[segment.Body];
            switch (segment.Marker)
            {
                case DefineHuffman:
                    tables.ReadHuffman(body);
                    break;
                case DefineQuantisation:
                    tables.ReadQuantisation(body);
                    break;
                case DefineRestart:
                    tables.ReadRestartInterval(body);
                    break;
                case JpegStructure.StartOfScan:
                    JpegScan.Decode(jpeg, tables, components, body, file[segment.Data]);
                    break;
            }
        }
        if (Array.Exists(components, c => c.Quantisation is null))
            throw new ImageException("the JPEG file is truncated or damaged: no scan codes one of its components");
        // Nobody sees that scans are missing: the image is whole, and coarse.
        if (Array.Exists(components, c => Array.Exists(c.LowestBit, bit => bit != 0)))
            throw new ImageException("the JPEG file is truncated: the scans that code the finer parts of the image are missing");
        if (jpeg.IsProgressive)
            foreach (JpegComponent component in components)
                component.TransformAll();
        return new JpegPlanes(jpeg, components);
    }
}
