using LungSeg.IO;

namespace LungSeg.Imaging.Dicom.Codecs;

/// <summary>Finds the frame that was asked for and decodes it by the file's transfer syntax.</summary>
internal static class FrameDecoder
{
    private const string Lossy = "JPEG", Lossless = "JPEG lossless", Ls = "JPEG-LS", Wavelet = "JPEG 2000";

    /// <summary>
    /// The frame, its number, and the image as the coded data has it, where that disagrees with the attributes and counts.
    /// </summary>
    public static (Frame Frame, int Number, ImagePixel Image) Decode(DicomFile file, ImagePixel image, DicomOptions options,
        DecisionLog log)
    {
        if (SopClass.IsSegmentation(file.DataSet.Text(Tags.SopClassUid)))
            return (SegmentationPixels.Decode(file, image, options.Frame, log), options.Frame ?? 1, image);
        int number = Choose(image.Frames, options.Frame, log);
        (Frame frame, ImagePixel found) = DecodeFrame(file, image, number, log);
        return (frame, number, found);
    }

    /// <summary>One frame, counted from 1, and the image as its coded data has it.</summary>
    public static (Frame Frame, ImagePixel Image) DecodeFrame(DicomFile file, ImagePixel image, int number, DecisionLog log)
    {
        TransferSyntax syntax = file.Syntax;
        bool isJpeg = syntax.Coding is PixelCoding.Jpeg or PixelCoding.Jpeg2000;
        byte[] coded = syntax.Coding == PixelCoding.Native ? [] : Fragments.ReadFrame(file, number, image.Frames, log);
        if (isJpeg && Jpeg2000Frame.Recognizes(coded))
        {
            if (syntax.Coding != PixelCoding.Jpeg2000)
                log.Warn("transfer syntax", $"the file names {syntax.Name}, but its pixel data is {Wavelet}; read as such");
            return Jpeg2000Frame.Decode(coded, image, log);
        }
        if (image.IsTransformed)
            throw ImagePixel.UnsupportedPhotometric(image.Photometric);
        return (syntax.Coding switch
        {
            PixelCoding.Native => NativePixels.Decode(file.DataSet, image, number, log),
            PixelCoding.Rle => RunLength.Decode(coded, image),
            _ => DecodeJpeg(coded, image, syntax, log),
        }, image);
    }

    /// <summary>Refuses a compression that cannot be read, by name, with the command that converts it.</summary>
    public static void RefuseUnsupported(TransferSyntax syntax)
    {
        if (syntax.Coding == PixelCoding.Unsupported)
            throw new ImageException(
                $"the DICOM file is compressed as {syntax.Name} ({ImagePixel.Printable(syntax.Uid)}), which is not supported; "
                + $"{syntax.Advice}");
    }

    /// <summary>Refuses a frame that the file does not have.</summary>
    public static void CheckNumber(int frames, int? wanted)
    {
        if (wanted is { } number && (number < 1 || number > frames))
            throw new ImageException(
                $"frame {number} was asked for; the DICOM file has {(frames == 1 ? "one frame" : $"frames 1 to {frames}")}");
    }

    private static int Choose(int frames, int? wanted, DecisionLog log)
    {
        if (wanted is null && frames > 1)
            throw new ImageException($"the DICOM file has {frames} frames where one radiograph was expected; choose one of 1 to {frames}")
            { Remedy = Remedy.ChooseFrame };
        CheckNumber(frames, wanted);
        if (frames > 1)
            log.Note("frame", $"{wanted} of {frames}");
        return wanted ?? 1;
    }

    /// <summary>The kinds of JPEG are told apart by their own frame marker, since files are found that name another.</summary>
    private static Frame DecodeJpeg(byte[] coded, ImagePixel image, TransferSyntax syntax, DecisionLog log)
    {
        int marker = JpegSegments.FrameMarker(coded);
        string found = marker switch
        {
            0xC3 => Lossless,
            0xF7 => Ls,
            0xC0 or 0xC1 or 0xC2 => Lossy,
            _ => throw new ImageException($"the DICOM file uses a JPEG process (0xFF{marker:X2}) that is rarely used and not supported"),
        };
        string stated = syntax.Coding == PixelCoding.Jpeg2000 ? Wavelet
            : syntax.Name.StartsWith(Ls, StringComparison.Ordinal) ? Ls
            : syntax.Name.StartsWith(Lossless, StringComparison.Ordinal) ? Lossless : Lossy;
        if (stated != found)
            log.Warn("transfer syntax", $"the file names {syntax.Name}, but its pixel data is {found}; read as such");
        Frame frame = found switch
        {
            Lossless => JpegLossless.Decode(coded, image),
            Ls => JpegLs.Decode(coded, image),
            _ => JpegLossy.Decode(coded, image),
        };
        if (frame.StrayBytes > 0)
            log.Warn("pixels", $"{frame.StrayBytes} bytes between the segments of the {found} data belong to none, and were skipped");
        if (frame.Precision < image.BitsStored)
            log.Warn("pixels", $"{image.BitsStored} bits stored are stated, the {found} data has {frame.Precision}");
        if (frame.IsLossy)
            log.Note("compression", $"{found}, lossy");
        if (frame.IsLossy && image.IsSigned)
            log.Warn("compression", "signed values in lossy JPEG, which has no signs");
        return frame;
    }
}
