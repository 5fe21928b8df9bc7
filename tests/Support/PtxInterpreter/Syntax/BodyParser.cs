using System.Globalization;
using System.Text.RegularExpressions;

namespace LungSeg.PtxInterpreter.Syntax;

/// <summary>Reads the statements between an entry point's braces; inner braces are scopes of register names.</summary>
internal sealed partial class BodyParser(string body)
{
    private readonly List<Dictionary<string, Operand.Register>> _scopes = [[]];
    private readonly List<RegisterClass> _registers = [];
    private readonly List<Instruction> _instructions = [];
    private readonly List<Variable> _shared = [];
    private readonly Dictionary<string, int> _labels = new(StringComparer.Ordinal);
    private int _sharedBytes;

    public KernelSyntax Parse(string name, IReadOnlyList<Variable> parameters, int parameterBytes, int maxThreads)
    {
        int start = 0;
        for (int i = 0; i < body.Length; i++)
        {
            bool fresh = body.AsSpan(start, i - start).IsWhiteSpace();
            switch (body[i])
            {
                case '{' when fresh:
                    _scopes.Add([]);
                    start = i + 1;
                    break;
                case '}' when fresh:
                    _scopes.RemoveAt(_scopes.Count - 1);
                    start = i + 1;
                    break;
                case ':' when Label().IsMatch(body.AsSpan(start, i - start).Trim()):
                    _labels.Add(body[start..i].Trim(), _instructions.Count);
                    start = i + 1;
                    break;
                case ';':
                    Statement(body[start..i].Trim());
                    start = i + 1;
                    break;
            }
        }
        return new KernelSyntax
        {
            Name = name,
            Parameters = parameters,
            ParameterBytes = parameterBytes,
            MaxThreads = maxThreads,
            Instructions = _instructions,
            Labels = _labels,
            Registers = _registers,
            SharedVariables = _shared,
            StaticSharedBytes = _sharedBytes,
        };
    }

    private void Statement(string text)
    {
        if (text.Length == 0) return;
        if (text.StartsWith(".reg", StringComparison.Ordinal)) DeclareRegisters(text);
        else if (text.StartsWith(".shared", StringComparison.Ordinal)) DeclareShared(text);
        else if (text[0] == '.') throw new PtxSyntaxException($"the interpreter does not know '{text}'");
        else _instructions.Add(ParseInstruction(text));
    }

    private void DeclareRegisters(string text)
    {
        Match declaration = RegisterDeclaration().Match(text);
        RegisterClass type = Types.Class(declaration.Groups["type"].Value);
        foreach (string item in declaration.Groups["names"].Value.Split(',', StringSplitOptions.TrimEntries))
        {
            Match range = RegisterRange().Match(item);
            if (!range.Success) Add(item);
            for (int i = 0; range.Success && i < int.Parse(range.Groups["count"].Value, CultureInfo.InvariantCulture); i++)
                Add(range.Groups["name"].Value + i);
        }

        void Add(string name)
        {
            _scopes[^1][name] = new Operand.Register(_registers.Count, type);
            _registers.Add(type);
        }
    }

    private void DeclareShared(string text)
    {
        Match declaration = SharedDeclaration().Match(text);
        if (!declaration.Success) throw new PtxSyntaxException($"the interpreter does not know '{text}'");
        int alignment = int.Parse(declaration.Groups["align"].Value, CultureInfo.InvariantCulture),
            bytes = int.Parse(declaration.Groups["bytes"].Value, CultureInfo.InvariantCulture);
        _sharedBytes = (_sharedBytes + alignment - 1) / alignment * alignment;
        _shared.Add(new Variable(declaration.Groups["name"].Value, _sharedBytes, bytes));
        _sharedBytes += bytes;
    }

    private Instruction ParseInstruction(string text)
    {
        string rest = text;
        Operand? guard = null;
        if (rest[0] == '@')
        {
            int end = rest.AsSpan().IndexOfAny(" \t\n");
            guard = ParseOperand(rest[1..end]);
            rest = rest[end..].Trim();
        }
        int space = rest.AsSpan().IndexOfAny(" \t\n");
        string name = space < 0 ? rest : rest[..space];
        IReadOnlyList<Operand> operands = space < 0 ? [] : [.. Split(rest[space..]).Select(ParseOperand)];
        return new Instruction(Whitespace().Replace(text, " "), name.Split('.'), operands, guard);
    }

    private Operand ParseOperand(string text)
    {
        text = text.Trim();
        switch (text[0])
        {
            case '{': return new Operand.Vector([.. Split(text[1..^1]).Select(ParseOperand)]);
            case '!': return new Operand.Negated(ParseOperand(text[1..]));
            case '[':
                string[] parts = text[1..^1].Split('+', 2, StringSplitOptions.TrimEntries);
                return new Operand.Address(ParseOperand(parts[0]),
                    parts.Length > 1 ? long.Parse(parts[1], CultureInfo.InvariantCulture) : 0);
        }
        for (int i = _scopes.Count - 1; i >= 0; i--)
        {
            if (_scopes[i].TryGetValue(text, out Operand.Register? register)) return register;
        }
        if (text.StartsWith("0f", StringComparison.Ordinal) || text.StartsWith("0d", StringComparison.Ordinal)
            || text.StartsWith("0x", StringComparison.Ordinal))
            return new Operand.Immediate(ulong.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        if (text[0] == '-') return new Operand.Immediate((ulong)long.Parse(text, CultureInfo.InvariantCulture));
        return char.IsAsciiDigit(text[0]) ? new Operand.Immediate(ulong.Parse(text, CultureInfo.InvariantCulture))
            : new Operand.Symbol(text);
    }

    // At commas outside brackets and braces.
    private static List<string> Split(string text)
    {
        var parts = new List<string>();
        int depth = 0, start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is '{' or '[') depth++;
            else if (text[i] is '}' or ']') depth--;
            else if (text[i] == ',' && depth == 0)
            {
                parts.Add(text[start..i]);
                start = i + 1;
            }
        }
        if (!text.AsSpan(start).IsWhiteSpace()) parts.Add(text[start..]);
        return parts;
    }

    [GeneratedRegex(@"^[\w$]+$")]
    private static partial Regex Label();

    [GeneratedRegex(@"^\.reg\s+\.(?<type>\w+)\s+(?<names>.*)$", RegexOptions.Singleline)]
    private static partial Regex RegisterDeclaration();

    [GeneratedRegex(@"^(?<name>[%\w$]+)<(?<count>\d+)>$")]
    private static partial Regex RegisterRange();

    [GeneratedRegex(@"^\.shared\s+\.align\s+(?<align>\d+)\s+\.b8\s+(?<name>[\w$]+)\[(?<bytes>\d+)\]$")]
    private static partial Regex SharedDeclaration();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Whitespace();
}
