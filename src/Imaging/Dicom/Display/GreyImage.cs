namespace LungSeg.Imaging.Dicom.Display;

/// <summary>The grey-scale chain: stored values, modality LUT, VOI LUT, inversion; padding becomes background, which is black.</summary>
internal static class GreyImage
{
    public static (ushort[] Samples, int BitDepth, GreyMapping Mapping) Make(Frame frame, ImagePixel image, DataSet data,
        DicomOptions options, DecisionLog log)
    {
        ushort[] stored = frame.ToStored(image, data.OverlayBits, log);
        bool[]? padding = PixelPadding.Find(data, image, log);
        bool[] present = new bool[1 << image.BitsStored];
        foreach (ushort bits in stored)
            present[bits] = true;
        for (int i = 0; padding is not null && i < padding.Length; i++)
            present[i] &= !padding[i];

        GreyScale scale = GreyScale.Stored(image);
        ModalityTransform.Apply(scale, data, image, log);
        VoiTransform.Apply(scale, data, present, options.Voi, log);
        bool inverted = Polarity.IsInverted(data, image, options.Invert, log);
        int depth = scale.Bits <= 8 ? 8 : 16, white = (1 << depth) - 1;
        ushort[] table = Array.ConvertAll(scale.Values, v => (ushort)((inverted ? 1 - v : v) * white + 0.5));
        for (int i = 0; padding is not null && i < padding.Length; i++)
            if (padding[i])
                table[i] = 0;
        for (int i = 0; i < stored.Length; i++)
            stored[i] = table[stored[i]];
        return (stored, depth, scale.Mapping with { IsInverted = inverted });
    }
}
