using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>Says that somebody works here, for as long as it is not disposed.</summary>
internal sealed class Lease : IAsyncDisposable
{
    private static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(20);

    /// <summary>An owner that did not renew for so long looks again before it relies on anything; others wait far longer.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly RepositoryCore core;
    private readonly CancellationTokenSource stop = new();
    private readonly SemaphoreSlim gate = new(1, 1);
    private LeaseBody body;
    private string name;
    private long renewed;
    private bool isLost;
    private Task renewal = Task.CompletedTask;

    private Lease(RepositoryCore core, string name, LeaseBody body)
    {
        this.core = core;
        this.body = body;
        this.name = name;
    }

    public string Name => Volatile.Read(ref name);

    /// <summary>Takes a lease; it is seen by everybody when this returns.</summary>
    public static async Task<Lease> TakeAsync(RepositoryCore core, LeaseKind kind, CancellationToken cancellationToken)
    {
        var lease = new Lease(core, NewName(core), NewBody(core, kind));
        await lease.WriteAsync(current => current, newName: null, cancellationToken).ConfigureAwait(false);
        lease.renewal = lease.RenewAsync();
        return lease;
    }

    /// <summary>Takes a maintainer's number; see <see cref="Maintainer"/>.</summary>
    /// <returns>Null when somebody else has it.</returns>
    public static async Task<Lease?> TryTakeNumberAsync(RepositoryCore core, long number, CancellationToken cancellationToken)
    {
        var lease = new Lease(core, LeaseNames.ToMaintainer(number), NewBody(core, LeaseKind.Maintain));
        lease.renewed = core.Environment.Clock.GetTimestamp();
        var content = core.Seal(lease.Name, lease.body, RepositoryJson.Default.LeaseBody);
        if (!await core.Store.PutAsync(lease.Name, content, cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        lease.renewal = lease.RenewAsync();
        return lease;
    }

    /// <summary>Notes the marks that this owner knows from now on.</summary>
    public Task NoteMarksAsync(IEnumerable<string> marks, CancellationToken cancellationToken) =>
        WriteAsync(current => current with { Marks = [.. marks] }, newName: null, cancellationToken);

    /// <summary>Whether the lease has held without a gap since it was taken, as far as others could see.</summary>
    public async Task<bool> HasHeldAsync(CancellationToken cancellationToken)
    {
        var clock = core.Environment.Clock;
        if (Volatile.Read(ref isLost) || clock.GetElapsedTime(Volatile.Read(ref renewed)) > Limit)
        {
            return false;
        }

        // Whoever gives this owner up says so before acting upon it, and nothing that the owner does takes that back:
        // a renewal on its way through a sleep could make the lease itself look as if nothing had happened.
        return await core.Store.GetAsync(LeaseNames.ToGone(Name), cancellationToken).ConfigureAwait(false) is null
            && await core.Store.GetAsync(Name, cancellationToken).ConfigureAwait(false) is not null;
    }

    /// <summary>Starts over after a gap, under a name that nobody has given up. What the owner relies on has to be looked at after this.</summary>
    public async Task RetakeAsync(CancellationToken cancellationToken)
    {
        var old = Name;
        await WriteAsync(current => current, NewName(core), cancellationToken).ConfigureAwait(false);
        Volatile.Write(ref isLost, false);
        await RemoveAsync(old).ConfigureAwait(false);
    }

    /// <summary>Ends a maintainer's lease; its object stays, so that its number is never given again.</summary>
    public async Task EndAsync()
    {
        await StopRenewingAsync().ConfigureAwait(false);
        try
        {
            await WriteAsync(current => current with { Ended = true }, newName: null, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or EdgeBackupException)
        {
            // What the owner did is done. The lease is seen as dead when this process has ended.
        }

        Close();
    }

    public async ValueTask DisposeAsync()
    {
        await StopRenewingAsync().ConfigureAwait(false);
        await RemoveAsync(Name).ConfigureAwait(false);
        Close();
    }

    private static LeaseBody NewBody(RepositoryCore core, LeaseKind kind)
    {
        var self = ProcessIdentity.Current();
        return new LeaseBody(kind, core.Environment.Clock.GetUtcNow(), self.Scope, self.Pid, self.Start, 0, []);
    }

    private static string NewName(RepositoryCore core)
    {
        var id = new byte[12];
        core.Environment.Random.Fill(id);
        return LeaseNames.Folder + Convert.ToHexStringLower(id);
    }

    private async Task StopRenewingAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await renewal.ConfigureAwait(false);
    }

    private void Close()
    {
        stop.Dispose();
        gate.Dispose();
    }

    private async Task RemoveAsync(string old)
    {
        try
        {
            await core.Store.DeleteAsync(old, CancellationToken.None).ConfigureAwait(false);
            await core.Store.DeleteAsync(LeaseNames.ToGone(old), CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or EdgeBackupException)
        {
            // What the owner did is done. A lease that stays is seen as dead when this process has ended.
        }
    }

    private async Task RenewAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(RenewEvery, core.Environment.Clock, stop.Token).ConfigureAwait(false);
                if (core.Environment.Clock.GetElapsedTime(Volatile.Read(ref renewed)) > Limit
                    || await core.Store.GetAsync(Name, stop.Token).ConfigureAwait(false) is null)
                {
                    // The owner slept, or was held for dead. It finds out before it relies on anything.
                    Volatile.Write(ref isLost, true);
                }

                await WriteAsync(current => current, newName: null, stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception exception) when (exception is IOException or EdgeBackupException)
            {
                // Not renewed: HasHeld says so when it has been too long.
            }
        }
    }

    private async Task WriteAsync(Func<LeaseBody, LeaseBody> change, string? newName, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var next = change(body) with { Counter = body.Counter + 1 };
            var nextName = newName ?? name;
            var content = core.Seal(nextName, next, RepositoryJson.Default.LeaseBody);
            var before = core.Environment.Clock.GetTimestamp();
            await core.Store.OverwriteAsync(nextName, content, cancellationToken).ConfigureAwait(false);
            body = next;
            Volatile.Write(ref name, nextName);
            Volatile.Write(ref renewed, before);
        }
        finally
        {
            gate.Release();
        }
    }
}
