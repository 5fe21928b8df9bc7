namespace LungSeg.PtxInterpreter.Syntax;

/// <summary>An instruction: <c>@guard parts.joined.by.dots operands;</c>.</summary>
internal sealed record Instruction(string Text, string[] Parts, IReadOnlyList<Operand> Operands, Operand? Guard)
{
    /// <summary>The first part.</summary>
    public string Name => Parts[0];

    /// <summary>The last part: mostly the operands' type.</summary>
    public string Type => Parts[^1];

    public bool Has(string part) => Array.IndexOf(Parts, part) > 0;

    public override string ToString() => Text;
}
