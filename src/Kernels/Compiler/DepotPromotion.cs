using System.Text;
using System.Text.RegularExpressions;

namespace LungSeg.Kernels.Compiler;

/// <summary>
/// ILGPU keeps each operand of an inline instruction in a depot of local memory, which the assembler does not take apart once
/// barriers or asynchronous copies are near. A depot that is only loaded and stored whole, by constant offset, becomes registers:
/// each offset one, each access a move.
/// </summary>
internal static partial class DepotPromotion
{
    public static string Apply(string ptx)
    {
        string[] lines = ptx.ReplaceLineEndings("\n").Split('\n');
        Dictionary<string, Depot> depots = Find(lines);
        var result = new StringBuilder(ptx.Length);
        bool declared = false;
        foreach (string line in lines)
        {
            if (Declaration().Match(line) is { Success: true } declaration && depots[declaration.Groups["depot"].Value].IsPromoted)
                continue;
            if (AddressOf().Match(line) is { Success: true } address && depots[address.Groups["depot"].Value].IsPromoted) continue;
            if (!declared && line.TrimStart().StartsWith(".reg ", StringComparison.Ordinal))
            {
                declared = true;
                foreach (Depot depot in depots.Values.Where(depot => depot.IsPromoted)) depot.Declare(result);
            }
            if (Access.Parse(line) is { } access && Of(access, depots) is { IsPromoted: true } target) target.Move(access, result);
            else result.Append(line).Append('\n');
        }
        return result.ToString();
    }

    private static Dictionary<string, Depot> Find(string[] lines)
    {
        Dictionary<string, Depot> depots = [];
        foreach (string line in lines)
        {
            if (Declaration().Match(line) is { Success: true } declaration)
                depots.Add(declaration.Groups["depot"].Value, new Depot(declaration.Groups["depot"].Value));
            else if (AddressOf().Match(line) is { Success: true } address)
                depots[address.Groups["depot"].Value].PointedToBy(address.Groups["register"].Value);
        }
        var pointers = depots.Values.Where(depot => depot.Pointer is not null).ToDictionary(depot => depot.Pointer!);
        foreach (string line in lines)
        {
            if (AddressOf().IsMatch(line)) continue;
            Access? access = Access.Parse(line);
            foreach (Match register in Register().Matches(line))
            {
                if (!pointers.TryGetValue(register.Value, out Depot? depot)) continue;
                if (access is { } use && use.Pointer == register.Value) depot.Use(use);
                else depot.Keep();
            }
        }
        return depots;
    }

    private static Depot? Of(Access access, Dictionary<string, Depot> depots) =>
        depots.Values.FirstOrDefault(depot => depot.Pointer == access.Pointer);

    [GeneratedRegex(@"^\s*\.local \.align \d+ \.b8 (?<depot>__local_depot\d+)\[\d+\];")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"^\s*mov\.b64\s+(?<register>%rd\d+), (?<depot>__local_depot\d+);")]
    private static partial Regex AddressOf();

    [GeneratedRegex(@"%rd\d+")]
    private static partial Regex Register();

    /// <summary>A load or store of local memory.</summary>
    private sealed partial record Access(bool IsLoad, int Bits, string Pointer, int Offset, string[] Values)
    {
        public static Access? Parse(string line)
        {
            Match match = Form().Match(line);
            if (!match.Success) return null;
            string[] values = match.Groups["values"].Value.Split(',',
                StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            int offset = match.Groups["offset"].Success ? int.Parse(match.Groups["offset"].Value) : 0;
            return new Access(match.Groups["kind"].Value == "ld", int.Parse(match.Groups["bits"].Value), match.Groups["pointer"].Value,
                offset, values);
        }

        [GeneratedRegex(@"^\s*(?:(?<kind>ld)\.local(?:\.v[24])?\.[bfsu](?<bits>\d+)\s+\{?(?<values>[^{}\[\]]+?)\}?,"
            + @"\s*\[\s*(?<pointer>%rd\d+)(?:\+(?<offset>\d+))?\]"
            + @"|(?<kind>st)\.local(?:\.v[24])?\.[bfsu](?<bits>\d+)\s+\[\s*(?<pointer>%rd\d+)(?:\+(?<offset>\d+))?\],"
            + @"\s*\{?(?<values>[^{}\[\]]+?)\}?);")]
        private static partial Regex Form();
    }

    private sealed class Depot(string name)
    {
        private readonly SortedDictionary<int, int> _bits = [];
        private bool _kept;

        public string? Pointer { get; private set; }

        public bool IsPromoted => !_kept && !Overlaps();

        public void PointedToBy(string register)
        {
            if (Pointer is not null) Keep();
            Pointer = register;
        }

        public void Keep() => _kept = true;

        public void Use(Access access)
        {
            if (access.Bits < 16) Keep();
            for (int i = 0; i < access.Values.Length; i++)
            {
                int offset = access.Offset + (i * access.Bits / 8);
                if (_bits.TryGetValue(offset, out int bits) && bits != access.Bits) Keep();
                _bits[offset] = access.Bits;
            }
        }

        public void Declare(StringBuilder output)
        {
            foreach ((int offset, int bits) in _bits) output.Append($"\t.reg .b{bits}\t{Slot(offset)};\n");
        }

        public void Move(Access access, StringBuilder output)
        {
            for (int i = 0; i < access.Values.Length; i++)
            {
                string slot = Slot(access.Offset + (i * access.Bits / 8)), value = access.Values[i];
                output.Append(access.IsLoad ? $"\tmov.b{access.Bits}\t{value}, {slot};\n" : $"\tmov.b{access.Bits}\t{slot}, {value};\n");
            }
        }

        private string Slot(int offset) => $"%depot{name["__local_depot".Length..]}_{offset}";

        private bool Overlaps()
        {
            int end = 0;
            foreach ((int offset, int bits) in _bits)
            {
                if (offset < end) return true;
                end = offset + (bits / 8);
            }
            return false;
        }
    }
}
