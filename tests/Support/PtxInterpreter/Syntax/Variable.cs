namespace LungSeg.PtxInterpreter.Syntax;

/// <summary>A named place: a parameter's offset in the parameters, or a variable's in shared memory.</summary>
internal sealed record Variable(string Name, int Offset, int Bytes);
