using System.Text.RegularExpressions;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Tests.Reader;
using EdgeBackup.Core.Tests.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Durability.Faults;

/// <summary>
/// A store fails in every way at every call of everything that users do: each ends in an error for people or has done
/// what it says, and afterwards everything acknowledged is there and the same can be done again.
/// </summary>
public sealed partial class FaultTests
{
    private static readonly StoreFaultKind[] Kinds = Enum.GetValues<StoreFaultKind>();

    public static TheoryData<string> Deeds => [.. Deed.All.Select(deed => deed.Name)];

    [Theory]
    [MemberData(nameof(Deeds))]
    public async Task Whatever_call_fails_nothing_is_lost_and_no_success_is_false(string name)
    {
        using var world = await FaultWorld.MakeAsync();
        var deed = Deed.All.Single(known => known.Name == name);
        var tally = new Tally { What = $"store faults: {name}" };
        using var report = Soak.ReportAtEnd(tally);
        for (var call = 1; ; call++)
        {
            // Every kind at every call in the long run; in every build the kinds take turns.
            var kinds = Soak.Factor > 0 ? Kinds : [Kinds[(call + Math.Abs(Soak.Seed)) % Kinds.Length]];
            var reached = false;
            foreach (var kind in kinds)
            {
                reached |= await TryAsync(world, deed, call, kind, tally);
            }

            if (!reached)
            {
                break;
            }
        }

        Assert.True(tally.Faults > 0, "no fault came to pass");
    }

    /// <returns>Whether there was a call of this number.</returns>
    private static async Task<bool> TryAsync(FaultWorld world, Deed deed, int call, StoreFaultKind kind, Tally tally)
    {
        var memory = world.NewStore();
        var store = new FaultyStore(memory);
        var when = $"seed {Soak.Seed}, {deed.Name}, {kind} at call {call}";
        Func<Core.Operations.Repositories.RepositoryContext, Task>? proof = null;
        IReadOnlyList<Core.Catalog.CatalogBackup> acknowledged = [];
        await using (var context = await world.OpenAsync(store))
        {
            store.Arm(call, kind);
            try
            {
                proof = await deed.RunAsync(world, context, 1);
            }
            catch (PartlyFailedException exception)
            {
                acknowledged = exception.Taken;
                Assert.True(exception.InnerException is EdgeBackupException, $"{when} ({store.Victim}): {exception.InnerException}");
            }
            catch (Exception exception) when (exception is not Xunit.Sdk.XunitException)
            {
                Assert.True(exception is EdgeBackupException && store.HasStruck, $"{when} ({store.Victim}): {exception}");
            }
            catch (Xunit.Sdk.XunitException exception)
            {
                throw new Xunit.Sdk.XunitException($"{when} ({store.Victim}): {exception.Message}");
            }

            store.Disarm();
        }

        tally.Trials++;
        tally.Faults += store.HasStruck ? 1 : 0;
        try
        {
            await CheckAsync(world, deed, memory.Reborn(), proof, acknowledged, tally);
        }
        catch (Exception exception)
        {
            throw new Xunit.Sdk.XunitException($"{when} ({store.Victim}), looked at afterwards: {exception}");
        }

        return store.HasStruck || store.Calls >= call;
    }

    private static async Task CheckAsync(
        FaultWorld world,
        Deed deed,
        MemoryObjectStore store,
        Func<Core.Operations.Repositories.RepositoryContext, Task>? proof,
        IReadOnlyList<Core.Catalog.CatalogBackup> acknowledged,
        Tally tally)
    {
        // A lease that could not be removed belongs to this process, which is alive; in life it ends with its process.
        foreach (var lease in store.Objects.Keys.Where(name => name.StartsWith("leases/", StringComparison.Ordinal)).ToList())
        {
            store.Objects.Remove(lease);
        }

        var lasting = deed.Name == "import" && proof is null ? world.Lasting.Where(known => known.Record.Id != world.ManualId) : world.Lasting;
        await using var context = await world.OpenAsync(store);
        await BackupCheck.AllAreIntactAsync(context.Repository, lasting.Concat(await world.KnowAsync(context.Repository, acknowledged)), tally, "afterwards");
        var report = await context.Repository.VerifyAsync(new VerifyOptions(ReadData: true), progress: null, default);
        Assert.Empty(report.Damage);
        if (proof is not null)
        {
            await proof(context);
        }

        var again = await deed.RunAsync(world, context, 2);
        await again(context);
    }

#if DEBUG
    [Fact]
#else
    [Fact(Skip = "Optimized code does not tell which line called; this runs in Debug, as dotnet test does.")]
#endif
    public async Task Every_line_that_calls_a_store_is_reached()
    {
        using var world = await FaultWorld.MakeAsync();
        var reached = new HashSet<string>();
        foreach (var deed in Deed.All)
        {
            var store = new FaultyStore(world.NewStore()) { NotesCallers = true };
            await using (var context = await world.OpenAsync(store))
            {
                await deed.RunAsync(world, context, 1);
            }

            reached.UnionWith(store.Callers);
        }

        reached.UnionWith(await RareCalls.RunAsync());
        reached.UnionWith(await RepairCalls.RunAsync());
        reached.UnionWith(await ChainCalls.RunAsync());

        // A call may stand some lines below the beginning of its statement, which is what a frame tells.
        var missed = FindCalls().Where(call => !Enumerable.Range(0, 4).Any(above => reached.Contains($"{call.File}:{call.Line - above}"))).ToList();
        Assert.True(missed.Count == 0, $"not reached: {string.Join(", ", missed)}; reached: {string.Join(", ", reached.Order())}");
        Soak.Report(new Tally { What = "lines of the engine that call a store, each reached", Trials = reached.Count });
    }

    /// <summary>
    /// Calls that only another's step in between brings about. There are tests that take that step: ChainLossTests, the
    /// verification beside an optimization, and ReturnBackupsTests.
    /// </summary>
    private static readonly HashSet<(string File, string Text)> TriedElsewhere =
    [
        ("RecordLog.cs", "await chain.NameAsync([name], () => core.Store.DeleteAsync(name, CancellationToken.None)).ConfigureAwait(false);"),
        ("PackCheck.cs", "return await core.Store.ReadAsync(name, 0, new byte[1], cancellationToken).ConfigureAwait(false) < 0;"),
        ("RecordMender.cs", ": core.Store.DeleteAsync(Name, CancellationToken.None)).ConfigureAwait(false);"),
    ];

    private static IEnumerable<(string File, int Line)> FindCalls()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "src", "EdgeBackup.Core"), "*.cs", SearchOption.AllDirectories))
        {
            var name = Path.GetFileName(file);
            if (file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal) || name == "GuardedStore.cs")
            {
                continue;
            }

            var lines = File.ReadAllLines(file);
            for (var index = 0; index < lines.Length; index++)
            {
                if (StoreCall().IsMatch(lines[index]) && !TriedElsewhere.Contains((name, lines[index].Trim())))
                {
                    yield return (name, index + 1);
                }
            }
        }
    }

    [GeneratedRegex(@"\b[sS]tore\.(PutAsync|PutManyAsync|OverwriteAsync|ReplaceAsync|GetAsync|ReadAsync|ListAsync|DeleteAsync)\(")]
    private static partial Regex StoreCall();
}
