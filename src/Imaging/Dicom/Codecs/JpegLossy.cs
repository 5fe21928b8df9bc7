using LungSeg.Imaging.Codecs.Jpeg;

namespace LungSeg.Imaging.Dicom.Codecs;

/// <summary>Baseline, extended and progressive JPEG of 8 or 12 bits; colour is left in the space in which it was written.</summary>
internal static class JpegLossy
{
    public static Frame Decode(byte[] coded, ImagePixel image)
    {
        JpegStructure jpeg = JpegStructure.Read(coded);
        JpegFrameHeader.CheckSize(image, jpeg.Width, jpeg.Height, jpeg.Components.Length);
        JpegPlanes planes = JpegDecoder.Decode(coded, jpeg);
        if (image.Samples == 1)
            return new Frame(planes.Read(0), jpeg.Precision, IsLossy: true) { StrayBytes = jpeg.StrayBytes };
        ushort[] cells = new ushort[image.Pixels * image.Samples];
        for (int c = 0; c < image.Samples; c++)
        {
            ushort[] plane = planes.Read(c);
            for (int i = 0; i < plane.Length; i++)
                cells[i * image.Samples + c] = plane[i];
        }
        return new Frame(cells, jpeg.Precision, IsLossy: true) { StrayBytes = jpeg.StrayBytes };
    }
}
