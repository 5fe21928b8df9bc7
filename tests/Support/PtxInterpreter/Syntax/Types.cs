using System.Globalization;

namespace LungSeg.PtxInterpreter.Syntax;

/// <summary>PTX's type names.</summary>
internal static class Types
{
    /// <summary>Bits of <c>f32</c>, <c>b64</c>, <c>f16x2</c>, …</summary>
    public static int Bits(string type) => type switch
    {
        "pred" => 1,
        "f16x2" => 32,
        "tf32" => 32,
        _ when type.Length > 1 && int.TryParse(type.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out int bits) => bits,
        _ => throw new PtxSyntaxException($"'{type}' is no type that the interpreter knows"),
    };

    public static RegisterClass Class(string type) => Bits(type) switch
    {
        1 => RegisterClass.Predicate,
        8 or 16 => RegisterClass.Bits16,
        32 => RegisterClass.Bits32,
        64 => RegisterClass.Bits64,
        _ => throw new PtxSyntaxException($"no register holds a '{type}'"),
    };
}
