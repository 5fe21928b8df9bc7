namespace LungSeg.PtxInterpreter;

/// <summary>
/// What a GPU would not report, or only as a wrong result: an access out of bounds or misaligned, a race, a barrier that not all
/// threads reach, and the like. Names the instruction and the thread.
/// </summary>
public sealed class PtxFaultException(string message) : Exception(message);
