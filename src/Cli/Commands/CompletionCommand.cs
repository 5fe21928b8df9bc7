using System.CommandLine;

namespace LungSeg.Cli.Commands;

/// <summary><c>completion SHELL</c>: a script with which a shell's Tab key completes the program's words.</summary>
internal static class CompletionCommand
{
    private static readonly Example[] Examples =
    [
        new("source <(lungseg completion bash)", "bash, this shell; put the line into ~/.bashrc for every shell"),
        new("lungseg completion zsh > ~/.zfunc/_lungseg", "zsh, with ~/.zfunc in fpath before compinit"),
        new("lungseg completion fish > ~/.config/fish/completions/lungseg.fish", "fish"),
        new("lungseg completion powershell | Out-String | Invoke-Expression", "PowerShell, in $PROFILE"),
    ];

    public static Command Create()
    {
        string[] shells = [.. CompletionScripts.All.Keys];
        var shell = new Argument<string>("SHELL")
        {
            HelpName = "SHELL",
            Description = $"One of {string.Join(", ", shells)}",
            CompletionSources = { shells },
        };
        var command = new CliCommand(
            "completion", "Print a script with which your shell completes commands, options and networks.", Examples)
        {
            shell,
        };
        command.SetAction(parsed =>
        {
            string name = parsed.GetRequiredValue(shell);
            if (!CompletionScripts.All.TryGetValue(name, out string? script))
            {
                throw new UsageException(
                    $"unknown shell '{name}', expected one of {string.Join(", ", shells)}{Suggestion.For(name, shells)}");
            }
            parsed.InvocationConfiguration.Output.Write(script);
            return ExitCode.Done;
        });
        return command;
    }
}

/// <summary>
/// The scripts by which a shell asks <c>lungseg [complete]</c>; where there is no answer, the shell completes file names.
/// </summary>
internal static class CompletionScripts
{
    /// <summary>The shells by name.</summary>
    public static IReadOnlyDictionary<string, string> All { get; } = new Dictionary<string, string>
    {
        ["bash"] = """
            # Completion of lungseg for bash:  source <(lungseg completion bash)
            _lungseg() {
                local text="${COMP_LINE:0:COMP_POINT}" word="${COMP_WORDS[COMP_CWORD]}" line
                text="${text#*[[:space:]]}"
                [ "$word" = "=" ] && word=""
                COMPREPLY=()
                while IFS=$'\t' read -r line _; do
                    [[ "$line" == "$word"* ]] && COMPREPLY+=("$line")
                done < <("${COMP_WORDS[0]}" '[complete]' "$text" 2>/dev/null)
            }
            complete -o bashdefault -o default -F _lungseg lungseg

            """,
        ["zsh"] = """
            #compdef lungseg
            # Completion of lungseg for zsh: save it as _lungseg in a directory of $fpath, or source it after compinit.
            _lungseg() {
                local -a lines items
                local line text="${(j: :)words[2,CURRENT-1]}" prefix=""
                [[ -n "$text" ]] && text="$text "
                lines=("${(@f)$("${words[1]}" '[complete]' "$text${words[CURRENT]}" 2>/dev/null)}")
                for line in $lines; do
                    [[ -n "$line" ]] && items+=("${${line%%$'\t'*}//:/\\:}:${${line#*$'\t'}}")
                done
                if (( $#items == 0 )); then
                    _files
                else
                    compset -P '*='
                    _describe 'lungseg' items
                fi
            }
            if [[ "$funcstack[1]" == "_lungseg" ]]; then _lungseg "$@"; else compdef _lungseg lungseg; fi

            """,
        ["fish"] = """
            # Completion of lungseg for fish: save it as ~/.config/fish/completions/lungseg.fish
            function __lungseg_complete
                set -l words (commandline -opc)
                set -l text (string join ' ' -- $words[2..-1] (commandline -ct | string collect --allow-empty))
                set -l before (string match -r -- '^-[^=]*=' (commandline -ct))
                set -l lines ($words[1] '[complete]' "$text" 2>/dev/null)
                if test (count $lines) -eq 0
                    __fish_complete_path (commandline -ct)
                end
                for line in $lines
                    echo "$before$line"
                end
            end
            complete -c lungseg -f -a '(__lungseg_complete)'

            """,
        ["powershell"] = """
            # Completion of lungseg for PowerShell, in $PROFILE:  lungseg completion powershell | Out-String | Invoke-Expression
            Register-ArgumentCompleter -Native -CommandName lungseg -ScriptBlock {
                param($wordToComplete, $commandAst, $cursorPosition)
                $elements = $commandAst.CommandElements
                $text = $commandAst.ToString().PadRight($cursorPosition - $commandAst.Extent.StartOffset)
                $text = $text.Substring(0, $cursorPosition - $commandAst.Extent.StartOffset)
                $text = $text.Substring([Math]::Min($text.Length, $elements[0].Extent.Text.Length)).TrimStart()
                $before = if ($wordToComplete -match '^-[^=]*=') { $Matches[0] } else { '' }
                & $elements[0].Extent.Text '[complete]' $text 2>$null | ForEach-Object {
                    $item, $meaning = $_ -split "`t", 2
                    if (-not $meaning) { $meaning = $item }
                    [System.Management.Automation.CompletionResult]::new("$before$item", $item, 'ParameterValue', $meaning)
                }
            }

            """,
    };
}
