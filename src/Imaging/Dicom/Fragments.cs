using System.Buffers.Binary;
using LungSeg.Imaging.Dicom.Codecs;

namespace LungSeg.Imaging.Dicom;

/// <summary>Encapsulated pixel data (DICOM PS3.5, A.4): an offset table, then fragments, one or more to a frame.</summary>
internal static class Fragments
{
    private readonly record struct Fragment(int Offset, int Length);

    /// <summary>The bytes of one frame, its fragments put together.</summary>
    public static byte[] ReadFrame(DicomFile file, int frame, int frames, DecisionLog log)
    {
        DataSet data = file.DataSet;
        Element pixels = data.Find(Tags.PixelData)!.Value;
        if (pixels.Length >= 0)
            throw new ImageException($"the DICOM file is damaged: its pixel data is not encapsulated, as {file.Syntax.Name} demands");
        List<Fragment> all = List(file.Bytes, pixels.Offset, data.BigEndian, frames, log);
        if (all.Count < 2)
            throw new ImageException("the DICOM file is damaged: its pixel data has no fragment");
        Fragment table = all[0];
        all.RemoveAt(0);
        ReadOnlySpan<byte> offsets = file.Bytes.AsSpan(table.Offset, table.Length);
        (int first, int count) = frames == 1 ? (0, all.Count)
            : offsets.Length == 4 * (long)frames
            ? ByTable(all, frame, frames, i => BinaryPrimitives.ReadUInt32LittleEndian(file.Bytes.AsSpan(table.Offset + 4 * i)))
            : data.Bytes(Tags.ExtendedOffsetTable).Length == 8 * (long)frames
                ? ByTable(all, frame, frames,
                    i => (long)BinaryPrimitives.ReadUInt64LittleEndian(data.Bytes(Tags.ExtendedOffsetTable)[(8 * i)..]))
            : all.Count == frames ? (frame - 1, 1)
            : ByStart(file.Bytes, all, frame, frames);
        log.Note("fragments", $"{count} of {all.Count}");
        return Join(file.Bytes, all.GetRange(first, count));
    }

    private static List<Fragment> List(byte[] bytes, int at, bool bigEndian, int frames, DecisionLog log)
    {
        if (bigEndian)
            throw new ImageException("the DICOM file is damaged: encapsulated pixel data is little endian, the file is big endian");
        List<Fragment> all = [];
        while (true)
        {
            if (bytes.Length - at < 8)
            {
                // One frame's decoder finds out whether anything is lacking; of several, later ones would be lacking unnoticed.
                if (frames > 1)
                    throw new ImageException("the DICOM file is truncated: it ends without the pixel data's end mark");
                log.Warn("fragments", "the file ends without the pixel data's end mark");
                return all;
            }
            uint tag = (uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at)) << 16
                | BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at + 2));
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 4));
            if (tag == Tags.SequenceEnd)
                return all;
            at += 8;
            if (tag != Tags.Item)
                throw new ImageException(
                    $"the DICOM file is damaged: a fragment was expected at byte {at - 8}, {Tags.Describe(tag)} was found");
            if (length > bytes.Length - at)
                throw new ImageException(
                    $"the DICOM file is truncated: a fragment at byte {at - 8} claims {length} bytes where {bytes.Length - at} are left");
            all.Add(new Fragment(at, (int)length));
            at += (int)length;
        }
    }

    /// <summary>Offsets count from the first fragment's item tag.</summary>
    private static (int First, int Count) ByTable(List<Fragment> all, int frame, int frames, Func<int, long> offset)
    {
        int origin = all[0].Offset;
        int first = all.FindIndex(f => f.Offset - origin == offset(frame - 1));
        int next = frame == frames ? all.Count : all.FindIndex(f => f.Offset - origin == offset(frame));
        return first >= 0 && next > first
            ? (first, next - first)
            : throw new ImageException($"the DICOM file is damaged: its offset table does not lead to frame {frame}");
    }

    /// <summary>Without a table, a fragment that begins with a start mark of JPEG or JPEG 2000 begins a frame.</summary>
    private static (int First, int Count) ByStart(byte[] bytes, List<Fragment> all, int frame, int frames)
    {
        List<int> starts = [];
        for (int i = 0; i < all.Count; i++)
            if (all[i].Length >= 4
                && (bytes.AsSpan(all[i].Offset).StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF])
                    || Jpeg2000Frame.Recognizes(bytes.AsSpan(all[i].Offset, all[i].Length))))
                starts.Add(i);
        if (starts.Count != frames)
            throw new ImageException(
                $"the DICOM file has {frames} frames in {all.Count} fragments and no offset table that tells them apart");
        return (starts[frame - 1], (frame == frames ? all.Count : starts[frame]) - starts[frame - 1]);
    }

    private static byte[] Join(byte[] bytes, List<Fragment> fragments)
    {
        byte[] joined = new byte[fragments.Sum(f => f.Length)];
        int at = 0;
        foreach (Fragment f in fragments)
        {
            bytes.AsSpan(f.Offset, f.Length).CopyTo(joined.AsSpan(at));
            at += f.Length;
        }
        return joined;
    }
}
