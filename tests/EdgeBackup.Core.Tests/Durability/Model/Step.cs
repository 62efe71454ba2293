using EdgeBackup.Core.Tests.Durability.Faults;
using FsCheck;
using FsCheck.Fluent;

namespace EdgeBackup.Core.Tests.Durability.Model;

/// <summary>What a writer does in a step.</summary>
internal enum Deeds
{
    Automatic,
    Manual,
    Protect,
    Optimize,
    Verify,
    Reopen,
}

/// <summary>How it ends.</summary>
internal enum Ending
{
    /// <summary>Nothing goes wrong.</summary>
    Well,

    /// <summary>A call of the store has a fault.</summary>
    Fault,

    /// <summary>The writer dies at a call of the store, and is started anew.</summary>
    Crash,
}

/// <summary>One step of a sequence; printed when the sequence fails.</summary>
/// <param name="Deed">What is done.</param>
/// <param name="Writer">By whom: one of three.</param>
/// <param name="Number">Which device, which backup, what content.</param>
/// <param name="Ending">How it ends.</param>
/// <param name="Call">At which call of the store.</param>
/// <param name="Fault">Which fault.</param>
/// <param name="Beside">Whether another writer optimizes or backs up meanwhile.</param>
/// <param name="Days">That pass before.</param>
internal sealed record Step(Deeds Deed, int Writer, int Number, Ending Ending, int Call, StoreFaultKind Fault, bool Beside, int Days)
{
    private static readonly Gen<Step> Steps =
        from deed in Gen.Frequency(
            (5, Gen.Constant(Deeds.Automatic)),
            (3, Gen.Constant(Deeds.Manual)),
            (1, Gen.Constant(Deeds.Protect)),
            (4, Gen.Constant(Deeds.Optimize)),
            (1, Gen.Constant(Deeds.Verify)),
            (1, Gen.Constant(Deeds.Reopen)))
        from writer in Gen.Choose(0, 2)
        from number in Gen.Choose(0, 11)
        from ending in Gen.Frequency((4, Gen.Constant(Ending.Well)), (2, Gen.Constant(Ending.Fault)), (2, Gen.Constant(Ending.Crash)))
        from call in Gen.Choose(1, 60)
        from fault in Gen.Elements(Enum.GetValues<StoreFaultKind>())
        from beside in Gen.Frequency((3, Gen.Constant(false)), (1, Gen.Constant(true)))
        from days in Gen.Frequency((3, Gen.Constant(0)), (2, Gen.Choose(1, 40)), (1, Gen.Choose(100, 250)))
        select new Step(deed, writer, number, ending, call, fault, beside, days);

    /// <summary>Sequences, and simpler ones of a sequence that failed.</summary>
    public static Arbitrary<Step[]> Sequences { get; } = Arb.From(Steps.ArrayOf().Where(steps => steps.Length > 0), Shrink);

    /// <summary>Half of it, one step less, or a step in which less goes wrong.</summary>
    private static IEnumerable<Step[]> Shrink(Step[] steps)
    {
        if (steps.Length > 2)
        {
            yield return steps[..(steps.Length / 2)];
            yield return steps[(steps.Length / 2)..];
        }

        for (var index = 0; steps.Length > 1 && index < steps.Length; index++)
        {
            yield return [.. steps[..index], .. steps[(index + 1)..]];
        }

        for (var index = 0; index < steps.Length; index++)
        {
            foreach (var simpler in Simplify(steps[index]))
            {
                yield return [.. steps[..index], simpler, .. steps[(index + 1)..]];
            }
        }
    }

    private static IEnumerable<Step> Simplify(Step step)
    {
        if (step.Beside)
        {
            yield return step with { Beside = false };
        }

        if (step.Ending != Ending.Well)
        {
            yield return step with { Ending = Ending.Well };
        }

        if (step.Days > 0)
        {
            yield return step with { Days = 0 };
        }
    }
}
