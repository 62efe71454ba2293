using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository.Backups;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Repository.Maintenance;

internal enum LeaseKind
{
    Read,
    Write,
    Maintain,
}

/// <summary>The body of <c>leases/&lt;id&gt;</c>.</summary>
/// <param name="Kind">What its owner does.</param>
/// <param name="Taken">UTC; for people.</param>
/// <param name="Scope">See <see cref="ProcessIdentity"/>.</param>
/// <param name="Pid">See <see cref="ProcessIdentity"/>.</param>
/// <param name="Start">See <see cref="ProcessIdentity"/>.</param>
/// <param name="Counter">Grows with each renewal: the only sign of life of another machine.</param>
/// <param name="Marks">The marks that the owner of a write lease knows and keeps to.</param>
internal sealed record LeaseBody(LeaseKind Kind, DateTimeOffset Taken, string Scope, int Pid, string Start, long Counter, IReadOnlyList<string> Marks)
{
    public ProcessIdentity Owner => new(Scope, Pid, Start);
}

/// <summary>Says that somebody works here, for as long as it is not disposed.</summary>
internal sealed class Lease : IAsyncDisposable
{
    public const string Folder = "leases/";

    private static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(20);

    /// <summary>A lease that was not renewed for so long may be held for dead by others.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly RepositoryCore core;
    private readonly CancellationTokenSource stop = new();
    private readonly SemaphoreSlim gate = new(1, 1);
    private LeaseBody body;
    private long renewed;
    private bool isLost;
    private Task renewal = Task.CompletedTask;

    private Lease(RepositoryCore core, string name, LeaseBody body)
    {
        this.core = core;
        this.body = body;
        Name = name;
    }

    public string Name { get; }

    /// <summary>Takes a lease; it is seen by everybody when this returns.</summary>
    public static async Task<Lease> TakeAsync(RepositoryCore core, LeaseKind kind, CancellationToken cancellationToken)
    {
        var id = new byte[12];
        core.Environment.Random.Fill(id);
        var self = ProcessIdentity.Current();
        var body = new LeaseBody(kind, core.Environment.Clock.GetUtcNow(), self.Scope, self.Pid, self.Start, 0, []);
        var lease = new Lease(core, Folder + Convert.ToHexStringLower(id), body);
        await lease.WriteAsync(current => current, cancellationToken).ConfigureAwait(false);
        lease.renewal = lease.RenewAsync();
        return lease;
    }

    /// <summary>Notes the marks that this owner knows from now on.</summary>
    public Task NoteMarksAsync(IEnumerable<string> marks, CancellationToken cancellationToken) =>
        WriteAsync(current => current with { Marks = [.. marks] }, cancellationToken);

    /// <summary>Whether the lease has held without a gap since it was taken, as far as others could see.</summary>
    public async Task<bool> HasHeldAsync(CancellationToken cancellationToken)
    {
        var clock = core.Environment.Clock;
        if (Volatile.Read(ref isLost) || clock.GetElapsedTime(Volatile.Read(ref renewed)) > Limit)
        {
            return false;
        }

        return await core.Store.GetAsync(Name, cancellationToken).ConfigureAwait(false) is not null;
    }

    /// <summary>Starts over after a gap, when what this owner relies on was looked at again.</summary>
    public async Task RetakeAsync(CancellationToken cancellationToken)
    {
        await WriteAsync(current => current, cancellationToken).ConfigureAwait(false);
        Volatile.Write(ref isLost, false);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await renewal.ConfigureAwait(false);
        try
        {
            await core.Store.DeleteAsync(Name, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or EdgeBackupException)
        {
            // What the owner did is done. A lease that stays is seen as dead when this process has ended.
        }

        stop.Dispose();
        gate.Dispose();
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

                await WriteAsync(current => current, stop.Token).ConfigureAwait(false);
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

    private async Task WriteAsync(Func<LeaseBody, LeaseBody> change, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var next = change(body) with { Counter = body.Counter + 1 };
            var content = core.Seal(Name, next, RepositoryJson.Default.LeaseBody);
            var before = core.Environment.Clock.GetTimestamp();
            await core.Store.OverwriteAsync(Name, content, cancellationToken).ConfigureAwait(false);
            body = next;
            Volatile.Write(ref renewed, before);
        }
        finally
        {
            gate.Release();
        }
    }
}
