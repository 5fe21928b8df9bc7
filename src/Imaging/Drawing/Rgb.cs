namespace LungSeg.Imaging.Drawing;

/// <summary>A colour of a drawing.</summary>
internal readonly record struct Rgb(byte Red, byte Green, byte Blue);
