namespace LungSeg.Imaging.Dicom;

/// <summary>How a DICOM segmentation holds the lungs (PS3.3, C.8.20.2.3).</summary>
public enum SegmentationType
{
    /// <summary>A frame of single bits for each lung.</summary>
    Binary,

    /// <summary>A frame of 8 bits for each lung: the probability before threshold and clean-up, 255 for 1.</summary>
    Fractional,

    /// <summary>One frame of 8 bits: the number of the lung at each pixel (Supplement 243).</summary>
    LabelMap,
}
