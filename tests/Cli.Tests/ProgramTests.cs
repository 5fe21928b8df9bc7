using System.Diagnostics;
using System.Text.Json;
using LungSeg.Cli.Commands;

namespace LungSeg.Cli.Tests;

/// <summary>What all commands share.</summary>
public sealed class ProgramTests
{
    [Fact]
    public void Bench_tells_times_and_their_conditions()
    {
        JsonElement json = Lungseg.Run("bench", "pan", "--runs", "3", "--batch", "2", "--json").Succeeded().Json;
        Assert.Contains("CPU", json.GetProperty("conditions").GetProperty("device").GetString());
        JsonElement pan = Assert.Single(json.GetProperty("networks").EnumerateArray());
        Assert.Equal(2, pan.GetProperty("batch").GetInt32());
        Assert.Equal(3, pan.GetProperty("runs").GetInt32());
        (double p5, double median, double p95) = (Number("p5_ms"), Number("median_ms"), Number("p95_ms"));
        Assert.True(0 < p5 && p5 <= median && median <= p95);
        Assert.Equal(2 * Number("macs") / (median * 1e6), Number("gflops"), 6);

        double Number(string name) => pan.GetProperty(name).GetDouble();
    }

    [Fact]
    public void A_fault_of_the_program_is_one_line_that_says_how_to_report_it_and_exit_3()
    {
        var error = new StringWriter();
        Assert.Equal(3, CommandLine.Run(["info"], Root.Create, new BrokenWriter(new InvalidOperationException("broken")), error));
        Assert.StartsWith("lungseg: internal error: ", error.ToString());
        Assert.Contains("report it", error.ToString());
        Assert.Single(error.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
    }

    // The first is too little for the network, the second for the drawing and packing of the results, which several threads do.
    [Theory]
    [InlineData("400000")]
    [InlineData("1000000")]
    public void Too_little_managed_memory_is_one_line(string limit)
    {
        using TemporaryDirectory directory = new();
        Lungseg.Process(["segment", Repository.Sample, "-o", directory["out"]], environment: ("DOTNET_GCHeapHardLimit", limit))
            .Refused("not enough memory");
        Assert.Empty(directory.Files);
    }

    [Fact]
    public void An_interrupted_program_exits_with_130()
    {
        using Process process = Lungseg.Start(["bench", "pan", "--runs", "100000"]);
        Thread.Sleep(1500);
        Lungseg.Interrupt(process);
        bool ended = process.WaitForExit(TimeSpan.FromSeconds(30));
        if (!ended) process.Kill();
        Assert.True(ended, "the program did not end");
        Assert.Equal(130, process.ExitCode);
    }

    [Fact]
    public void An_output_that_takes_nothing_is_told()
    {
        var error = new StringWriter();
        Assert.Equal(2, CommandLine.Run(["info"], Root.Create, new BrokenWriter(new IOException("no space")), error));
        Assert.Equal($"lungseg: the output cannot be written: no space{Environment.NewLine}", error.ToString());
    }

    [Fact]
    public void Names_of_files_are_shown_without_their_commands_to_a_terminal()
    {
        Lungseg.Run("inspect", "no\nsuch \u001b[31mfile").Refused("no such ?[31mfile: no such file");
        Lungseg.Run("inspect", "no\uFFFDfile").Refused("not UTF-8");
    }

    private sealed class BrokenWriter(Exception fault) : StringWriter
    {
        public override void Write(char value) => throw fault;

        public override void Write(char[] buffer, int index, int count) => throw fault;

        public override void Write(string? value) => throw fault;

        public override void WriteLine(string? value) => throw fault;
    }
}
