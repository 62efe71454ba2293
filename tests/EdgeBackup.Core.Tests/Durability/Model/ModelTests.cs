using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace EdgeBackup.Core.Tests.Durability.Model;

/// <summary>
/// Random sequences of what several writers do, with faults, crashes and leaps of the clock in between, against a model
/// that knows only what was acknowledged. A sequence that fails is made as short as it goes and printed with its seed.
/// </summary>
public sealed class ModelTests
{
    [Fact]
    public void Whatever_writers_do_and_suffer_what_was_acknowledged_is_there()
    {
        var tally = new Tally { What = "model: sequences of several writers" };
        using var report = Soak.ReportAtEnd(tally);
        var config = Soak.FromSeed(Config.QuickThrowOnFailure.WithMaxTest(Soak.Count(everyBuild: 12, soak: 300)).WithStartSize(4).WithEndSize(30));
        Prop.ForAll(Step.Sequences, steps => Play(steps, tally)).Check(config);
    }

    /// <summary>The properties of FsCheck are not asynchronous.</summary>
    private static bool Play(Step[] steps, Tally tally)
    {
        Task.Run(() => ModelRun.PlayAsync(steps, tally)).GetAwaiter().GetResult();
        return true;
    }
}
