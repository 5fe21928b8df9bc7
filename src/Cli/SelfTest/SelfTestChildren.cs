using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using LungSeg.Engine;

namespace LungSeg.Cli.SelfTest;

/// <summary>
/// Runs checks of a GPU in child processes. After a kernel's fault a process can no longer use the GPU, and a kernel may never end. A child
/// runs checks until one of them fails in that way or exceeds its time; that check is reported, and another child continues with the next.
/// </summary>
internal static class SelfTestChildren
{
    /// <summary>The hidden option of a child, which reads checks as lines and answers each with a line of JSON.</summary>
    public const string Option = "--child";

    /// <summary>The child's side.</summary>
    public static void Serve(SelfTestPlan plan, IBackend backend, TextReader input, TextWriter output)
    {
        while (input.ReadLine() is { Length: > 0 } line)
        {
            CheckOutcome outcome = SelfTestRun.Run(plan, SelfTestCheck.Parse(line), backend);
            using var bytes = new MemoryStream();
            using (var json = new Utf8JsonWriter(bytes)) outcome.Write(json);
            output.WriteLine(Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length));
            output.Flush();
            if (outcome.Broken) return;
        }
    }

    /// <summary>Runs the checks by child processes with these arguments, each check within a time limit.</summary>
    public static IEnumerable<CheckOutcome> Run(
        IReadOnlyList<SelfTestCheck> checks, IReadOnlyList<string> arguments, Precision precision, TimeSpan limit)
    {
        int next = 0;
        while (next < checks.Count)
        {
            using var child = new Child(arguments, checks.Skip(next));
            bool goesOn = true;
            while (goesOn && next < checks.Count)
            {
                CheckOutcome outcome = child.Next(limit) is { } line
                    ? Read(line, precision)
                    : CheckOutcome.Fault(checks[next], precision, child.Reason(limit));
                goesOn = !outcome.Broken;
                next++;
                yield return outcome;
            }
        }
    }

    private static CheckOutcome Read(string line, Precision precision)
    {
        using JsonDocument json = JsonDocument.Parse(line);
        return CheckOutcome.Read(json.RootElement, precision);
    }

    private sealed class Child : IDisposable
    {
        private readonly Process _process;
        private readonly Queue<string> _errors = new();
        private Task<string?> _line;
        private bool _late;

        public Child(IReadOnlyList<string> arguments, IEnumerable<SelfTestCheck> checks)
        {
            var start = new ProcessStartInfo(Environment.ProcessPath!)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            // Where dotnet runs the program, the program is its first argument.
            if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            {
                start.ArgumentList.Add("exec");
                start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
            }
            foreach (string argument in arguments) start.ArgumentList.Add(argument);
            start.ArgumentList.Add(Option);
            _process = Process.Start(start)!;
            _process.ErrorDataReceived += (_, line) =>
            {
                if (string.IsNullOrWhiteSpace(line.Data)) return;
                lock (_errors)
                {
                    _errors.Enqueue(line.Data.Trim());
                    if (_errors.Count > 3) _errors.Dequeue();
                }
            };
            _process.BeginErrorReadLine();
            try
            {
                foreach (SelfTestCheck check in checks) _process.StandardInput.Write($"{check}\n");
                _process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It has already ended. The reason is reported when its first line is missing.
            }
            _line = _process.StandardOutput.ReadLineAsync();
        }

        /// <summary>The next check's line; null if there is none within the limit.</summary>
        public string? Next(TimeSpan limit)
        {
            _late = !_line.Wait(limit);
            if (_late || _line.Result is not { } line) return null;
            _line = _process.StandardOutput.ReadLineAsync();
            return line;
        }

        /// <summary>Why there was no line.</summary>
        public string Reason(TimeSpan limit)
        {
            if (_late)
                return string.Create(CultureInfo.InvariantCulture, $"did not end within {limit.TotalSeconds:0} s; its process was ended");
            _process.WaitForExit();
            lock (_errors)
            {
                string errors = _errors.Count > 0 ? $": {string.Join("; ", _errors)}" : "";
                return $"its process ended with exit code {_process.ExitCode}{errors}";
            }
        }

        public void Dispose()
        {
            if (!_process.HasExited) _process.Kill(entireProcessTree: true);
            _process.Dispose();
        }
    }
}
