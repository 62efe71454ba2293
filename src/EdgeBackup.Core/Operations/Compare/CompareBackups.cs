using System.Runtime.CompilerServices;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Gate;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Capture;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Restore;

namespace EdgeBackup.Core.Operations.Compare;

/// <summary>What to compare.</summary>
public sealed record CompareOptions
{
    /// <summary>The backup that is compared: an id, a name or a wildcard that means one.</summary>
    public required string Reference { get; init; }

    /// <summary>With which backup; a name is looked for among the backups of the reference's device first.</summary>
    public string? Difference { get; init; }

    /// <summary>With which device; exactly one of both is given.</summary>
    public string? Device { get; init; }

    /// <summary>Literal paths or wildcards; empty for all.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];
}

/// <summary>Says item by item and value by value how a backup differs from another one or from a device: <c>Compare-EdgeBackup</c>.</summary>
public sealed class CompareBackups
{
    private const int Window = 4;

    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    public CompareBackups(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>
    /// Compares; items that differ by path, streamed. Writes nothing into the repository, and nothing on the device but
    /// what the commands do there that its type runs before each capture, of which is warned.
    /// </summary>
    /// <exception cref="EdgeBackupException">
    /// BackupNotFound, BackupDamaged; ItemPathInvalid: a literal path is on neither side; DeviceNotFound, and what a contact
    /// or a capture may throw, also after some items: then the rest was not compared.
    /// </exception>
    public async IAsyncEnumerable<ItemDifference> RunAsync(CompareOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var reading = await context.Repository.BeginReadAsync(cancellationToken).ConfigureAwait(false);
        await using var readingLease = reading.ConfigureAwait(false);
        var reference = await FindAsync(options.Reference, device: null, cancellationToken).ConfigureAwait(false);
        var comparison = options.Device is not null
            ? WithDeviceAsync(reference, options.Device, options.Paths, cancellationToken)
            : WithBackupAsync(reference, options.Difference ?? throw new ArgumentException("One of a backup and a device is given.", nameof(options)), options.Paths, cancellationToken);
        await foreach (var difference in comparison.ConfigureAwait(false))
        {
            yield return difference;
        }
    }

    private async Task<BackupRecord> FindAsync(string text, string? device, CancellationToken cancellationToken)
    {
        var listed = await new FindBackups(context).RequireOneAsync(text, device, cancellationToken).ConfigureAwait(false);
        return await context.Repository.ReadBackupAsync(listed.ObjectName, cancellationToken).ConfigureAwait(false);
    }

    private async IAsyncEnumerable<ItemDifference> WithBackupAsync(BackupRecord reference, string text, IReadOnlyList<string> paths, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var difference = await FindDifferenceAsync(reference, text, cancellationToken).ConfigureAwait(false);
        if (reference.Content != difference.Content)
        {
            observer.Warning($"Of the backups {reference.Id} and {difference.Id} one holds configuration only. History is left out of the comparison.");
        }

        var rules = new List<ItemRuleSet>();
        foreach (var type in ((string[])[reference.DeviceType, difference.DeviceType]).Distinct(StringComparer.Ordinal))
        {
            rules.Add(await FindRulesAsync(type, cancellationToken).ConfigureAwait(false));
        }

        var comparison = new Comparison(
            reference,
            difference.Id,
            new BackupSide(context.Repository, reference),
            new BackupSide(context.Repository, difference),
            rules,
            StampsHold: false,
            WithHistory: reference.Content == BackupContent.All && difference.Content == BackupContent.All,
            paths);
        await foreach (var found in CompareAsync(comparison, cancellationToken).ConfigureAwait(false))
        {
            yield return found;
        }
    }

    /// <summary>Names are unique among a device's backups only.</summary>
    private async Task<BackupRecord> FindDifferenceAsync(BackupRecord reference, string text, CancellationToken cancellationToken)
    {
        try
        {
            return await FindAsync(text, reference.Device, cancellationToken).ConfigureAwait(false);
        }
        catch (EdgeBackupException exception) when (exception.ErrorId == ErrorIds.BackupNotFound)
        {
            return await FindAsync(text, device: null, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// A comparison records nothing that could be restored and billed twice, so it needs no idle device (R2, R3), and takes
    /// no hold, which would keep drivers from charging for the sake of a look. Commands that a type runs before a capture
    /// were written for an idle device; where there are any, the gate holds here too.
    /// </summary>
    private async IAsyncEnumerable<ItemDifference> WithDeviceAsync(BackupRecord reference, string text, IReadOnlyList<string> paths, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var id = await RegisteredDevices.ResolveOneAsync(context, text, cancellationToken).ConfigureAwait(false);
        var state = await RegisteredDevices.RequireAsync(context, id, cancellationToken).ConfigureAwait(false);
        var contact = await DeviceContact.OpenAsync(context, state.Registration!, observer, cancellationToken).ConfigureAwait(false);
        await using var contactLease = contact.ConfigureAwait(false);
        var runsCommands = contact.Type.Commands.BeforeCapture.Count > 0 && DeviceContact.Options(contact.Registration, observer).Address.Kind == ConnectionKind.Ssh;
        var pass = runsCommands
            ? await new GateKeeper(context.Clock, observer).EnterAsync(contact, TimeSpan.Zero, cancellationToken).ConfigureAwait(false)
            : new GatePass(contact.Status, hold: null);
        await using var passLease = pass.ConfigureAwait(false);
        if (TransactionGate.Evaluate(contact.Status, TransactionGate.DefaultSeenWithin) is { IsIdle: false } decision)
        {
            observer.Verbose($"{id}: something runs or may run ({decision.Reason}); what it changes meanwhile is among the differences.");
        }

        if (runsCommands)
        {
            observer.Warning($"{id}: its type '{contact.Type.Id}' runs commands on the device before it is read, for a comparison too. What they make or change there is made or changed.");
        }

        var capture = await contact.Connection.BeginCaptureAsync(reference.Content, cancellationToken).ConfigureAwait(false);
        await using var captureLease = capture.ConfigureAwait(false);
        var rules = new List<ItemRuleSet> { new(contact.Type.Items) };
        if (reference.DeviceType != contact.Type.Id)
        {
            rules.Add(await FindRulesAsync(reference.DeviceType, cancellationToken).ConfigureAwait(false));
        }

        var comparison = new Comparison(
            reference,
            id,
            new BackupSide(context.Repository, reference),
            new DeviceSide(capture, new RepeatedReading(context.Clock, observer)),
            rules,
            StampsHold: string.Equals(reference.Device, id, StringComparison.Ordinal),
            WithHistory: reference.Content == BackupContent.All,
            paths);
        await foreach (var found in CompareAsync(comparison, cancellationToken).ConfigureAwait(false))
        {
            yield return found;
        }

        await capture.CompleteAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Without its rules a type leaves nothing out of a comparison, which is told and harms nobody.</summary>
    private async Task<ItemRuleSet> FindRulesAsync(string type, CancellationToken cancellationToken)
    {
        var (types, _, damaged) = await context.Types.ReadAsync(cancellationToken).ConfigureAwait(false);
        var entry = types.Get(type);
        if (entry is null)
        {
            foreach (var problem in damaged)
            {
                observer.Warning($"Values of '{type}' that change by themselves may be among the differences. {problem.Message}");
            }
        }

        return new ItemRuleSet(entry?.Type.Items ?? []);
    }

    /// <summary>Some pairs are read ahead, since a device answers slowly; what differs comes out in order.</summary>
    private async IAsyncEnumerable<ItemDifference> CompareAsync(Comparison comparison, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var judge = new ItemJudge(comparison.First, comparison.Second, comparison.Rules, comparison.StampsHold);
        var filter = new ItemPathFilter(comparison.Paths);
        var pending = new Queue<(string Path, Task<ItemDifference?> Judging)>();
        var done = 0L;
        try
        {
            await foreach (var (first, second) in ItemPairs.MergeAsync(comparison.First, comparison.Second, giveUp.Token).ConfigureAwait(false))
            {
                if (!IsMeant(first, second))
                {
                    continue;
                }

                // What a listing could not read is known as far as it has come; nobody may ask for it from elsewhere.
                pending.Enqueue(((first ?? second)!.Item.Path, first is null || second is null
                    ? Task.FromResult(judge.JudgeSingle(first, second))
                    : Task.Run(() => judge.JudgeAsync(first, second, giveUp.Token), giveUp.Token)));
                if (pending.Count == Window && await TakeAsync().ConfigureAwait(false) is { } found)
                {
                    yield return found;
                }
            }

            while (pending.Count > 0)
            {
                if (await TakeAsync().ConfigureAwait(false) is { } found)
                {
                    yield return found;
                }
            }

            filter.CheckAllUsed(comparison.Reference);
        }
        finally
        {
            // Reads in progress use the connection; none may outlive it.
            if (pending.Count > 0)
            {
                await giveUp.CancelAsync().ConfigureAwait(false);
                Task reads = Task.WhenAll(pending.Select(entry => entry.Judging));
                await reads.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        bool IsMeant(ComparedItem? first, ComparedItem? second) =>
            (comparison.WithHistory || (first ?? second)!.Item.Kind != ItemKind.History)
            && ((first is not null && filter.Includes(first.Item)) || (second is not null && filter.Includes(second.Item)));

        async Task<ItemDifference?> TakeAsync()
        {
            var (path, judging) = pending.Peek();
            var found = await judging.ConfigureAwait(false);
            pending.Dequeue();
            observer.Progress(new OperationProgress($"Comparing {comparison.Reference.Id} with {comparison.With}", path, ItemsDone: ++done));
            return found is null ? null : found with { Reference = comparison.Reference.Id, Difference = comparison.With };
        }
    }

    /// <param name="Reference">The first side's backup.</param>
    /// <param name="With">What the second side is, for people.</param>
    /// <param name="First">The reference.</param>
    /// <param name="Second">What it is compared with.</param>
    /// <param name="Rules">See <see cref="ItemJudge"/>.</param>
    /// <param name="StampsHold">See <see cref="ItemJudge"/>.</param>
    /// <param name="WithHistory">Whether both sides hold history.</param>
    /// <param name="Paths">What the user named.</param>
    private sealed record Comparison(
        BackupRecord Reference,
        string With,
        IComparedSide First,
        IComparedSide Second,
        IReadOnlyList<ItemRuleSet> Rules,
        bool StampsHold,
        bool WithHistory,
        IReadOnlyList<string> Paths);
}
