using System.CommandLine;
using LungSeg.Cli.Diagnosis;
using LungSeg.IO;
using Spectre.Console;

namespace LungSeg.Cli.Commands;

/// <summary><c>doctor</c>: checks this machine and says what to do about each problem.</summary>
internal static class DoctorCommand
{
    private static readonly Example[] Examples =
    [
        new("lungseg doctor", "show what works on this machine, what does not, and what to do"),
        new("lungseg doctor --json", "the same for programs"),
    ];

    private const string Note = "The self-test runs the default network on a drawn X-ray and compares with its recorded output. Memory is "
        + "measured by loading each network with synthetic weights. A warning is something that is slower than it could be. A problem is "
        + "something that does not work; it sets exit code 1.";

    public static Command Create()
    {
        Option<bool> json = CommonOptions.Json();
        var command = new CliCommand(
            "doctor", "Check this machine: processor, memory, devices, weights, a self-test, directories; say what to do about problems.",
            Examples, Note)
        {
            json,
        };
        command.SetAction(parsed =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            bool asJson = parsed.GetValue(json);
            var findings = new List<Finding>();
            // Some checks take seconds: each finding is shown at once.
            foreach (Finding finding in Find())
            {
                findings.Add(finding);
                if (!asJson) Write(output, finding);
            }
            int problems = findings.Count(f => f.Verdict == Verdict.Problem);
            if (asJson) WriteJson(output, findings);
            else output.WriteLine(problems == 0 ? "no problems found" : $"{problems} {(problems == 1 ? "problem" : "problems")}");
            return problems == 0 ? ExitCode.Done : ExitCode.CheckFailed;
        });
        return command;
    }

    private static IEnumerable<Finding> Find() => ((Func<IEnumerable<Finding>>[])
    [
        Program, ProcessorCheck.Find, DeviceCheck.Find, WeightsCheck.Find, OperationsCheck.Find, DefaultNetworkCheck.Find, MemoryCheck.Find,
        PlacesCheck.Find, SettingsCheck.Find,
    ]).SelectMany(check => check());

    private static IEnumerable<Finding> Program() =>
        [Finding.Good("program", $"lungseg {ProductVersion.Full}, {VersionText.Runtime}")];

    private static void Write(TextWriter output, Finding finding)
    {
        (string word, string style) = Word(finding.Verdict);
        Tables.Line(output, $"[{style}]{word,-8}[/] {finding.Subject,-12} {Markup.Escape(finding.Text)}");
        if (finding.Advice is { } advice) Tables.Line(output, $"{"",-8} {"",-12} -> {Markup.Escape(advice)}");
    }

    private static (string Text, string Style) Word(Verdict verdict) => verdict switch
    {
        Verdict.Good => ("ok", "green"),
        Verdict.None => ("none", "grey"),
        Verdict.Warning => ("warning", "yellow"),
        _ => ("problem", "red"),
    };

    private static void WriteJson(TextWriter output, List<Finding> findings) => Json.Write(output, json =>
    {
        json.WriteStartObject();
        json.WriteBoolean("works", findings.All(f => f.Verdict != Verdict.Problem));
        json.WriteStartArray("findings");
        foreach (Finding finding in findings)
        {
            json.WriteStartObject();
            json.WriteString("subject", finding.Subject);
            json.WriteString("verdict", Word(finding.Verdict).Text);
            json.WriteString("text", finding.Text);
            if (finding.Advice is { } advice) json.WriteString("advice", advice);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    });
}
