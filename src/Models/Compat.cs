namespace LungSeg.Models;

/// <summary>How a picture is prepared for the network and how its mask is finished.</summary>
public enum Compat
{
    /// <summary>
    /// Red, green, blue; 16-bit pictures at full depth; a mask of the picture's own size: its two largest parts, holes filled.
    /// </summary>
    Fixed,

    /// <summary>
    /// What the study's code does, bit for bit: blue, green, red; 8 bits; its own clean-up; a mask of 512 x 512 whatever the
    /// picture's size.
    /// </summary>
    Upstream,
}
