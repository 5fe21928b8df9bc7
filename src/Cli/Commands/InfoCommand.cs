using System.CommandLine;
using System.Text.Json;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;
using LungSeg.Models;
using Spectre.Console;
using Padding = LungSeg.Engine.Ops.Padding;

namespace LungSeg.Cli.Commands;

/// <summary><c>info [KEY | FILE]</c>: lists the nine networks, or shows one of them with its layers, or a weights file.</summary>
internal static class InfoCommand
{
    private static readonly Example[] Examples =
    [
        new("lungseg info", "list all nine networks"),
        new("lungseg info deeplabv3plus", "show one network, layer by layer"),
        new("lungseg info weights.pth", "show which network a weights file belongs to"),
        new("lungseg info best.ckpt --part ema --option encoder_output_stride=8", "the same for one of several copies"),
    ];

    private static readonly string[] WeightsExtensions = [".safetensors", ".pth", ".pt", ".ckpt", ".bin", ".zip"];

    public static Command Create()
    {
        var subject = new Argument<string?>("KEY|FILE")
        {
            HelpName = "KEY|FILE",
            Description = "Network or weights file; default: all nine networks",
            Arity = ArgumentArity.ZeroOrOne,
            CompletionSources = { CommonOptions.NetworkKeys },
        };
        var layers = new Option<bool>("--layers")
        {
            Description = "Show the layers of a weights file's network; those of a named network are always shown",
        };
        var graph = new Option<bool>("--graph") { Description = "Print the network's graph as JSON, for tools/torch_twin.py" };
        Option<int> size = CommonOptions.Size();
        Option<bool> json = CommonOptions.Json();

        var command = new CliCommand("info", "Show networks with their costs, layers and weights, or a weights file.", Examples)
        {
            subject, layers, graph, size, json,
        };
        var choices = new NetworkChoices();
        choices.AddTo(command);
        command.SetAction(parsed =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            bool asJson = parsed.GetValue(json), asGraph = parsed.GetValue(graph);
            string? text = parsed.GetValue(subject);
            if (text is null)
            {
                if (asGraph || parsed.GetValue(layers))
                    throw new UsageException("--graph and --layers need a network: lungseg info KEY --layers");
                if (asJson) NetworkList.WriteJson(output);
                else NetworkList.Write(output);
                return ExitCode.Done;
            }
            bool isFile = IsFile(text);
            if (!isFile && choices.Given(parsed) is { } option)
                throw new UsageException($"{option.Name} applies to a weights file: {text} is a network");
            NetworkWeights? opened = isFile ? NetworkWeights.Open(null, text, choices.Options(parsed), choices.Part(parsed)) : null;
            StateDict? stateDict = opened?.StateDict;
            Architecture network = opened?.Network ?? Architectures.Get(text);
            int side = parsed.GetValue(size) is > 0 and int given ? given : network.InputSize;
            Graph traced = network.Record(new SyntheticWeights(), 1, side, side);
            if (asGraph) Json.Write(output, writer => GraphJson.Write(traced, writer));
            else if (asJson) Json.Write(output, writer => NetworkCard.WriteJson(writer, network, traced, stateDict, text));
            else NetworkCard.Write(output, network, traced, stateDict, text, !isFile || parsed.GetValue(layers));
            return ExitCode.Done;
        });
        return command;
    }

    // A key has no extension and no folder. Anything else is treated as a file, so that a mistyped path is reported as missing.
    private static bool IsFile(string text) =>
        text.Contains('/') || text.Contains('\\') || File.Exists(text)
        || WeightsExtensions.Contains(Path.GetExtension(text), StringComparer.OrdinalIgnoreCase);
}

/// <summary>All nine networks: sizes, costs as published and as counted here, and weights.</summary>
internal static class NetworkList
{
    public static void Write(TextWriter output)
    {
        WeightsFolder folder = WeightsFolder.Default;
        Table table = Tables.Create(
            "key", "network", "encoder", "input#", "parameters, M#", "MAC, G#", "published M#", "published G#", "published Dice#",
            "weights");
        foreach (Architecture network in Architectures.All)
        {
            Tables.Row(table,
            [
                network.Key, network.Name, network.Encoder, $"{network.InputSize}", Units.Millions(network.ParameterCount),
                Units.Billions(network.Macs), Units.Fixed(network.Published!.MillionParameters, 1),
                Units.Fixed(network.Published!.GigaMacs, 1), Units.Fixed(network.Published!.Dice, 3),
                folder.TryFind(network) is { } file ? Path.GetFileName(file) : "none",
            ]);
        }
        Tables.Write(output, table);
        output.WriteLine("published: the study's table 2; its MAC counter skips some convolutions, the sixth column counts all of them");
        output.WriteLine($"weights: files in {folder.Path}");
        foreach (WeightsEntry entry in folder.Entries) output.WriteLine($"  {entry.File}: {entry.Source}. {entry.Note}".TrimEnd());
    }

    public static void WriteJson(TextWriter output)
    {
        WeightsFolder folder = WeightsFolder.Default;
        Json.Write(output, json =>
        {
            json.WriteStartArray();
            foreach (Architecture network in Architectures.All)
            {
                json.WriteStartObject();
                WriteFacts(json, network, folder);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });
    }

    /// <summary>Writes a network's facts into the open object.</summary>
    public static void WriteFacts(Utf8JsonWriter json, Architecture network, WeightsFolder folder)
    {
        json.WriteString("key", network.Key);
        json.WriteString("name", network.Name);
        json.WriteString("encoder", network.Encoder);
        json.WriteNumber("input_size", network.InputSize);
        json.WriteNumber("parameters", network.ParameterCount);
        json.WriteNumber("macs", network.Macs);
        if (network is { Published: { } published, Training: { } training })
        {
            json.WriteStartObject("published");
            json.WriteNumber("parameters_m", published.MillionParameters);
            json.WriteNumber("macs_g", published.GigaMacs);
            json.WriteNumber("dice", published.Dice);
            json.WriteEndObject();
            json.WriteStartObject("training");
            json.WriteString("loss", training.Loss);
            json.WriteString("optimizer", training.Optimizer);
            json.WriteNumber("learning_rate", training.LearningRate);
            json.WriteEndObject();
        }
        else
        {
            json.WriteString("architecture", network.Decoder);
            json.WriteString("options", NetworkOptionNames.ToText(network.Options));
            json.WriteString("open_options", string.Join(';', network.OpenOptions));
            json.WriteString("normalisation", $"{network.Normalisation}");
        }
        string? file = folder.TryFind(network);
        if (file is null)
        {
            json.WriteNull("weights");
            return;
        }
        json.WriteStartObject("weights");
        json.WriteString("file", file);
        if (folder.EntryOf(network) is { } entry)
        {
            json.WriteString("source", entry.Source);
            json.WriteString("sha256", entry.Sha256);
            json.WriteString("licence", entry.Licence);
            json.WriteString("note", entry.Note);
        }
        json.WriteEndObject();
    }
}

/// <summary>One network, or a weights file of it: facts, and the layer table.</summary>
internal static class NetworkCard
{
    public static void Write(TextWriter output, Architecture network, Graph graph, StateDict? stateDict, string name, bool layers)
    {
        if (stateDict is not null) WriteFile(output, stateDict, name);
        output.WriteLine($"{network}");
        string parameters = $"{network.ParameterCount:N0}", macs = $"{Units.Billions(graph.Macs)} G for {Units.Dims(graph.Input.Shape)}";
        if (network is { Published: { } published, Training: { } training })
        {
            output.WriteLine($"  parameters {parameters} (published {Units.Fixed(published.MillionParameters, 1)} M)");
            output.WriteLine($"  MACs       {macs} (published {Units.Fixed(published.GigaMacs, 1)} G for {network.InputSize} x "
                + $"{network.InputSize}, by a counter that skips some convolutions)");
            output.WriteLine($"  Dice       {Units.Fixed(published.Dice, 3)} published, with the study's weights, on its test set");
            output.WriteLine(
                $"  training   {training.Loss} loss, {training.Optimizer} {training.LearningRate}; {Architectures.TrainingData}");
        }
        else
        {
            output.WriteLine($"  parameters {parameters}");
            output.WriteLine($"  MACs       {macs}");
            output.WriteLine($"  options    {NetworkOptionNames.ToText(network.Options)}");
            output.WriteLine($"  open       {string.Join(", ", network.OpenOptions)}: names and shapes do not tell (see --option)");
            output.WriteLine($"  input      {network.Normalisation}");
        }
        output.WriteLine(
            $"  memory     {Units.MebiBytes(ArenaBytes(graph))} MiB of working memory for one image on the CPU, without weights");
        WriteWeights(output, network);
        if (layers) LayerTable.Write(output, graph);
    }

    public static void WriteJson(Utf8JsonWriter json, Architecture network, Graph graph, StateDict? stateDict, string name)
    {
        json.WriteStartObject();
        NetworkList.WriteFacts(json, network, WeightsFolder.Default);
        json.WriteNumber("arena_bytes", ArenaBytes(graph));
        if (stateDict is not null)
        {
            json.WriteStartObject("file");
            json.WriteString("name", name);
            json.WriteString("format", stateDict.Format);
            json.WriteNumber("tensors", stateDict.Count);
            WriteMetadata(json, stateDict);
            json.WriteEndObject();
        }
        LayerTable.WriteJson(json, graph);
        json.WriteEndObject();
    }

    private static void WriteFile(TextWriter output, StateDict stateDict, string name)
    {
        string types = string.Join(", ", stateDict.CountBy(parameter => parameter.StoredAs).Select(type => $"{type.Value} {type.Key}"));
        (_, string sha256) = WeightsHash.OfCheckpoint(name, stateDict);
        string source = stateDict.Metadata.GetValueOrDefault("source_sha256", sha256);
        output.WriteLine($"{name}: {stateDict.Format}, {stateDict.Count} tensors ({types}), sha256 {sha256}");
        output.WriteLine(WeightsHash.StudyFile(source) is { } study
            ? $"  the study's own weights of {study.Name}"
            : "  not one of the study's files");
        foreach ((string key, string value) in stateDict.Metadata) output.WriteLine($"  {key}: {value}");
    }

    private static void WriteWeights(TextWriter output, Architecture network)
    {
        WeightsFolder folder = WeightsFolder.Default;
        string? file = folder.TryFind(network);
        if (file is null)
        {
            output.WriteLine($"  weights    none in {folder.Path}; 'lungseg convert' converts the study's, doi:10.5281/zenodo.8393555");
            return;
        }
        output.WriteLine($"  weights    {file}");
        if (folder.EntryOf(network) is { } entry) output.WriteLine($"             {entry.Source}; {entry.Licence}. {entry.Note}");
    }

    private static void WriteMetadata(Utf8JsonWriter json, StateDict stateDict)
    {
        json.WriteStartObject("metadata");
        foreach ((string key, string value) in stateDict.Metadata) json.WriteString(key, value);
        json.WriteEndObject();
    }

    private static long ArenaBytes(Graph graph)
    {
        using var backend = new CpuBackend();
        using Model model = backend.Load(graph, new LoadOptions { CompactHeap = true });
        using Plan plan = model.Plan(1, graph.Input.Shape.H, graph.Input.Shape.W);
        return plan.ArenaBytes;
    }
}

/// <summary>A graph's operations in execution order, before fusion.</summary>
internal static class LayerTable
{
    public static void Write(TextWriter output, Graph graph)
    {
        Table table = Tables.Create("path", "operation", "output#", "settings", "parameters#", "MAC, M#");
        foreach (Tensor node in graph.Nodes)
        {
            Tables.Row(table,
            [
                node.Path, node.Op.Name, Units.Dims(node.Shape), Settings(node.Op),
                Parameters(node.Op) is > 0 and long count ? $"{count}" : "",
                node.Macs > 0 ? Units.Fixed(node.Macs / 1e6, 3) : "",
            ]);
        }
        Tables.Write(output, table);
    }

    public static void WriteJson(Utf8JsonWriter json, Graph graph)
    {
        json.WriteStartArray("layers");
        foreach (Tensor node in graph.Nodes)
        {
            json.WriteStartObject();
            json.WriteString("path", node.Path);
            json.WriteString("op", node.Op.Name);
            json.WriteStartArray("shape");
            foreach (int dim in (ReadOnlySpan<int>)[node.Shape.N, node.Shape.C, node.Shape.H, node.Shape.W]) json.WriteNumberValue(dim);
            json.WriteEndArray();
            json.WriteString("settings", Settings(node.Op));
            json.WriteNumber("parameters", Parameters(node.Op));
            json.WriteNumber("macs", node.Macs);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static long Parameters(Op op) => op.Parameters.Where(parameter => !IsStatistic(parameter)).Sum(parameter => parameter.Count);

    private static bool IsStatistic(Parameter parameter) => parameter.Key.Contains(".running_", StringComparison.Ordinal);

    private static string Settings(Op op) => op switch
    {
        Conv2dOp conv => $"{conv.R} x {conv.S}, stride {conv.Stride}{Padded(conv.Padding)}"
            + If(conv.Dilation > 1, $", dilation {conv.Dilation}") + If(conv.Groups > 1, $", groups {conv.Groups}"),
        ConvTranspose2dOp conv => $"{conv.Weight.Dims[2]} x {conv.Weight.Dims[3]}, stride {conv.Stride}, padding {conv.Padding}",
        MaxPool2dOp pool => $"{pool.KernelSize} x {pool.KernelSize}, stride {pool.Stride}, padding {pool.Padding}"
            + If(pool.CeilMode, ", ceil mode"),
        AdaptiveAvgPool2dOp pool => $"to {pool.OutputSize} x {pool.OutputSize}",
        UpsampleNearestOp upsample => $"x {upsample.Scale}",
        UpsampleBilinearOp upsample => If(upsample.Scale > 0, $"x {upsample.Scale}") + If(upsample.Scale <= 0, "to a size")
            + If(upsample.AlignCorners, ", align corners"),
        GroupNormOp norm => $"groups {norm.Groups}",
        _ => "",
    };

    private static string Padded(Padding p) => (p.Left, p.Top, p.Right, p.Bottom) switch
    {
        (0, 0, 0, 0) => "",
        var (left, top, right, bottom) when left == top && top == right && right == bottom => $", padding {left}",
        _ => $", padding {p.Left} {p.Top} {p.Right} {p.Bottom} (left, top, right, bottom)",
    };

    private static string If(bool condition, string text) => condition ? text : "";
}
