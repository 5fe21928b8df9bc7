namespace LungSeg.Models;

/// <summary>How an image is prepared for the network and how its mask is finished.</summary>
public enum SegmentationMode
{
    /// <summary>
    /// Red, green, blue; 16-bit images at full depth; a mask of the image's own size: its two largest parts, holes filled.
    /// </summary>
    Native,

    /// <summary>
    /// What the study's code does, bit for bit: blue, green, red; 8 bits; its own clean-up; a mask of 512 x 512 whatever the
    /// image's size.
    /// </summary>
    Study,
}
