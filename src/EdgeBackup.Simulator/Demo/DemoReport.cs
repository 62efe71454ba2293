using System.Globalization;
using EdgeBackup.Core.Operations;

namespace EdgeBackup.Simulator.Demo;

/// <summary>A step of the demo did not give what it should.</summary>
internal sealed class DemoFailedException(string message) : Exception(message);

/// <summary>Says what the demo does and found, and stops it where a finding is not what it should be.</summary>
internal sealed class DemoReport : IOperationObserver
{
    private readonly TextWriter output;
    private readonly List<string> warnings = [];
    private int steps;

    public DemoReport(TextWriter output) => this.output = output;

    /// <summary>Begins a step.</summary>
    public void Step(string title)
    {
        output.WriteLine();
        output.WriteLine($"{++steps}. {title}");
    }

    /// <summary>The last line.</summary>
    public void End(string line)
    {
        output.WriteLine();
        output.WriteLine(line);
    }

    public void Say(string line) => output.WriteLine("   " + line);

    /// <summary>Rows in columns that are as wide as they must be.</summary>
    public void Table(string[] head, IEnumerable<string[]> rows)
    {
        var lines = rows.Prepend(head).ToList();
        var widths = Enumerable.Range(0, head.Length).Select(column => lines.Max(line => line[column].Length)).ToList();
        foreach (var line in lines)
        {
            Say(string.Join("  ", line.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }
    }

    /// <summary>Holds the demo to what it promises.</summary>
    /// <exception cref="DemoFailedException">It is not so.</exception>
    public static void Expect(bool isSo, string otherwise)
    {
        if (!isSo)
        {
            throw new DemoFailedException(otherwise);
        }
    }

    /// <summary>No operation may have warned.</summary>
    /// <exception cref="DemoFailedException">One has.</exception>
    public void ExpectNoWarnings()
    {
        lock (warnings)
        {
            Expect(warnings.Count == 0, $"An operation warned: {string.Join(" ", warnings)}");
        }
    }

    public static string Age(TimeSpan? age) => age is not { } span ? "-"
        : span < TimeSpan.FromMinutes(1) ? "just now"
        : string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalMinutes} min");

    public static string Count(int number, string thing) =>
        string.Create(CultureInfo.InvariantCulture, $"{number} {thing}{(number == 1 ? "" : "s")}");

    void IOperationObserver.Verbose(string message)
    {
    }

    void IOperationObserver.Warning(string message)
    {
        lock (warnings)
        {
            warnings.Add(message);
        }
    }

    void IOperationObserver.Progress(OperationProgress progress)
    {
    }
}
