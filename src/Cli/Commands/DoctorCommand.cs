using System.CommandLine;
using LungSeg.Cli.Diagnosis;
using LungSeg.IO;
using Spectre.Console;

namespace LungSeg.Cli.Commands;

/// <summary><c>doctor</c>: whether everything works on this machine, and what to do where it does not.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        Option<bool> json = CommonOptions.Json();
        var command = new Command("doctor", "Check this machine: processor, memory, device, weights, a self-test, places to write; what to do about each problem.") { json };
        command.SetAction(parsed =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            bool asJson = parsed.GetValue(json);
            var findings = new List<Finding>();
            // Some checks take seconds: each finding is shown when it is there.
            foreach (Finding finding in Find())
            {
                findings.Add(finding);
                if (!asJson) Write(output, finding);
            }
            int problems = findings.Count(f => f.Verdict == Verdict.Problem);
            if (asJson) WriteJson(output, findings);
            else output.WriteLine(problems == 0 ? "everything works" : $"{problems} {(problems == 1 ? "problem" : "problems")}");
            return problems == 0 ? ExitCode.Done : ExitCode.CheckFailed;
        });
        return command;
    }

    private static IEnumerable<Finding> Find() =>
        ((Func<IEnumerable<Finding>>[])[Program, ProcessorCheck.Find, DeviceCheck.Find, WeightsCheck.Find, OperationsCheck.Find, NetworkCheck.Find, MemoryCheck.Find, PlacesCheck.Find, SettingsCheck.Find])
        .SelectMany(check => check());

    private static IEnumerable<Finding> Program() =>
        [Finding.Good("program", $"lungseg {ProductVersion.Full}, {VersionText.Runtime}")];

    private static void Write(TextWriter output, Finding finding)
    {
        (string word, string style) = finding.Verdict switch
        {
            Verdict.Good => ("ok", "green"),
            Verdict.Warning => ("warning", "yellow"),
            _ => ("problem", "red"),
        };
        Tables.Line(output, $"[{style}]{word,-8}[/] {finding.Subject,-12} {Markup.Escape(finding.Text)}");
        if (finding.Advice is { } advice) Tables.Line(output, $"{"",-8} {"",-12} -> {Markup.Escape(advice)}");
    }

    private static void WriteJson(TextWriter output, List<Finding> findings) => Json.Write(output, json =>
    {
        json.WriteStartObject();
        json.WriteBoolean("works", findings.All(f => f.Verdict != Verdict.Problem));
        json.WriteStartArray("findings");
        foreach (Finding finding in findings)
        {
            json.WriteStartObject();
            json.WriteString("subject", finding.Subject);
            json.WriteString("verdict", finding.Verdict switch { Verdict.Good => "ok", Verdict.Warning => "warning", _ => "problem" });
            json.WriteString("text", finding.Text);
            if (finding.Advice is { } advice) json.WriteString("advice", advice);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    });
}
