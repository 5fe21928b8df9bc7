namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// One of the tensors that a convolution reads side by side, and what each of its channels is multiplied by on the way
/// (a squeeze-and-excite gate, one number for each image and channel), if anything.
/// </summary>
internal readonly record struct ConvSource(View View, View? Scale = null);
