using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Weights;
using LungSeg.Models.Decoders;
using LungSeg.Models.Encoders;

namespace LungSeg.Models.Tests;

/// <summary>One network of each family of encoders on every instruction set, and the table of docs/checkpoints.md.</summary>
public sealed class SmpFamilyTests
{
    internal static IReadOnlyList<(string Family, SmpPair Pair)> Smallest { get; } =
    [
        .. SmpPair.All(TestData.PathOf("smp", "pairs.jsonl.gz")).Where(pair => pair.Refused is null)
            .GroupBy(pair => SmpData.Family(pair.Encoder))
            .Select(group => (group.Key, group.First()))
            .OrderBy(row => SmpData.Families.ToList().IndexOf(row.Key)),
    ];

    [Fact]
    public void Encoders_have_the_library_s_parameters_to_the_unit()
    {
        foreach (JsonElement line in SmpData.Encoders.Where(IsOurs))
            Assert.Equal(line.GetProperty("parameters").GetInt64(), Parameters(line));
    }

    [Fact]
    public void One_of_each_family_is_right() => AssertRight(InstructionSets.Best);

    [Fact]
    public void One_of_each_family_is_right_on_every_instruction_set()
    {
        LargeTest.SkipUnlessWanted();
        foreach (InstructionSet set in InstructionSets.Supported) AssertRight(set);
    }

    /// <summary>The table of docs/checkpoints.md, by tests/long.sh.</summary>
    [Fact(Explicit = true)]
    public void The_table_of_families()
    {
        IBackend[] backends =
            [.. InstructionSets.Supported.Reverse().Select(set => new CpuBackend(instructionSet: set)), new ReferenceBackend()];
        string sets = string.Join(" | ", InstructionSets.Supported.Reverse());
        Console.WriteLine($"| family | encoders | parameters, million | tried | {sets} | reference |");
        Console.WriteLine($"|---|---|---|---|{string.Concat(backends.Select(_ => "---|"))}");
        string wanted = Environment.GetEnvironmentVariable("LUNGSEG_SMP") ?? "";
        foreach ((string family, SmpPair pair) in Smallest.Where(row => Regex.IsMatch(row.Family, wanted)))
        {
            long[] counts = [.. SmpData.Encoders.Where(line => IsOurs(line) && SmpData.Family(Encoder(line)) == family).Select(Parameters)];
            string[] errors = [.. backends.Select(backend =>
            {
                string? failure = SmpTests.Failure(pair, backend, out double error);
                return failure ?? error.ToString("0.0e-0", CultureInfo.InvariantCulture);
            })];
            int variants = EncoderTable.All.Keys.Count(name => SmpData.Family(name) == family);
            string tried = $"{pair.Architecture}, {pair.Encoder}";
            string range = string.Create(CultureInfo.InvariantCulture, $"{counts.Min() / 1e6:0.0} to {counts.Max() / 1e6:0.0}");
            Console.WriteLine($"| {family} | {variants} | {range} | {tried} | {string.Join(" | ", errors)} |");
        }
        foreach (IBackend backend in backends) backend.Dispose();
        var pairs = DecoderTable.All.Keys.SelectMany(_ => EncoderTable.All.Keys, (decoder, encoder) => (decoder, encoder)).ToArray();
        int built = pairs.Count(pair => Builds(pair.decoder, pair.encoder));
        Console.WriteLine($"{built} of {pairs.Length} pairs of architecture and encoder can be built");
    }

    // The largest, Inception-ResNet-v2 under U-Net++, is in the table alone.
    private static void AssertRight(InstructionSet set)
    {
        using var backend = new CpuBackend(instructionSet: set);
        foreach ((string family, SmpPair pair) in Smallest.Where(row => row.Pair.Parameters < 70_000_000))
            Assert.True(SmpTests.Failure(pair, backend, out double error) is null, $"{family} on {set}: {error}");
    }

    private static bool Builds(string architecture, string encoder)
    {
        try
        {
            new Network(architecture, encoder).Build(new LayoutRecorder());
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static string Encoder(JsonElement line) => line.GetProperty("encoder").GetString()!;

    private static bool IsOurs(JsonElement line) => !EncoderTable.IsTransformer(Encoder(line));

    private static long Parameters(JsonElement line)
    {
        var recorder = new LayoutRecorder();
        string name = line.GetProperty("library").GetString() == "0.1.3" ? $"{Encoder(line)}-0.3" : Encoder(line);
        EncoderTable.All[name].Build(new WeightScope(recorder), new EncoderOptions());
        LayoutEntry[] layout = [.. recorder.Asked.Select(asked => new LayoutEntry(asked.Key, asked.Dims, true))];
        return layout.Where(entry => !entry.IsBuffer).Sum(entry => entry.Count);
    }
}
