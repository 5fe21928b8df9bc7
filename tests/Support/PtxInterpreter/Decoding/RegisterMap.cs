using LungSeg.PtxInterpreter.Execution;
using LungSeg.PtxInterpreter.Syntax;

namespace LungSeg.PtxInterpreter.Decoding;

/// <summary>Gives each register, constant and special register of a kernel its place among a warp's registers.</summary>
internal sealed class RegisterMap
{
    private readonly KernelSyntax _kernel;
    private readonly string? _dynamicShared;
    private readonly int[] _places;
    private readonly Dictionary<(bool Is64, ulong Bits), int> _constants = [];
    private readonly Dictionary<(bool Is64, string Name), int> _specials = [];
    private int _bytes;
    private int _predicates;

    public RegisterMap(KernelSyntax kernel, string? dynamicShared)
    {
        (_kernel, _dynamicShared) = (kernel, dynamicShared);
        _places = [.. kernel.Registers.Select(type => type switch
        {
            RegisterClass.Predicate => _predicates++,
            RegisterClass.Bits64 => Allocate(is64: true),
            _ => Allocate(is64: false),
        })];
    }

    public int Bytes => _bytes;

    public int Predicates => _predicates;

    public IReadOnlyList<Constant> Constants =>
        [.. _constants.Select(constant => new Constant(constant.Value, constant.Key.Is64, constant.Key.Bits))];

    public IReadOnlyList<SpecialRegister> SpecialRegisters =>
        [.. _specials.Select(special => new SpecialRegister(special.Value, special.Key.Is64, special.Key.Name))];

    /// <summary>Where an operand of up to 32 bits lies.</summary>
    public int Place32(Operand operand) => Place(operand, is64: false);

    /// <summary>Where an operand of 64 bits lies.</summary>
    public int Place64(Operand operand) => Place(operand, is64: true);

    /// <summary>Where an operand of so many bits lies.</summary>
    public int Place(Operand operand, int bits) => Place(operand, bits == 64);

    /// <summary>A predicate's number.</summary>
    public int Predicate(Operand operand) => operand is Operand.Register { Class: RegisterClass.Predicate } register
        ? _places[register.Index]
        : throw new PtxSyntaxException($"a predicate expected, {operand} found");

    /// <summary>A register that nothing else uses.</summary>
    public int Scratch32() => Allocate(is64: false);

    private int Place(Operand operand, bool is64)
    {
        switch (operand)
        {
            case Operand.Register { Class: not RegisterClass.Predicate } register when register.Class == RegisterClass.Bits64 == is64:
                return _places[register.Index];
            case Operand.Immediate immediate:
                ulong bits = is64 ? immediate.Bits : (uint)immediate.Bits;
                if (!_constants.TryGetValue((is64, bits), out int place)) _constants[(is64, bits)] = place = Allocate(is64);
                return place;
            case Operand.Symbol symbol when _kernel.SharedVariables.FirstOrDefault(variable => variable.Name == symbol.Name) is { }
            variable:
                return Place(new Operand.Immediate((ulong)variable.Offset), is64);
            case Operand.Symbol symbol:
                string name = symbol.Name == _dynamicShared ? Block.DynamicShared : symbol.Name;
                if (!_specials.TryGetValue((is64, name), out int special)) _specials[(is64, name)] = special = Allocate(is64);
                return special;
            default:
                throw new PtxSyntaxException($"a register of {(is64 ? 64 : 32)} bits expected, {operand} found");
        }
    }

    private int Allocate(bool is64)
    {
        int place = _bytes;
        _bytes += (is64 ? 8 : 4) * Lanes.Count;
        return place;
    }
}
