namespace LungSeg.PtxInterpreter.Syntax;

/// <summary>PTX that the interpreter cannot read, or an instruction that it does not know.</summary>
public sealed class PtxSyntaxException(string message) : Exception(message);
