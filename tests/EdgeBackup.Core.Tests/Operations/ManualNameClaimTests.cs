using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Tests.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

public sealed class ManualNameClaimTests
{
    private const string Device = "k";
    private const string Smaller = "000000000001000000000000";
    private const string Larger = "000000000002000000000000";

    [Fact]
    public async Task R6_the_older_of_two_with_one_name_waits_for_a_younger_one_that_is_slow_to_give_way()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var older = await RecordAsync(bench, Smaller);
        var younger = await RecordAsync(bench, Larger);

        var settling = new ManualNameClaim(bench.Context).SettleAsync(older);
        await Task.Delay(TimeSpan.FromSeconds(3.5));
        await bench.Context.Repository.DeleteBackupsAsync([NameOf(bench, younger)], default);
        await settling;

        Assert.Equal([Smaller], (await bench.ListAsync()).Select(backup => backup.Backup.Id));
    }

    [Fact]
    public async Task R6_the_younger_of_two_with_one_name_gives_way_at_once()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await RecordAsync(bench, Smaller);
        var younger = await RecordAsync(bench, Larger);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => new ManualNameClaim(bench.Context).SettleAsync(younger));

        Assert.Equal(ErrorIds.BackupNameInUse, error.ErrorId);
        Assert.Equal([Smaller], (await bench.ListAsync()).Select(backup => backup.Backup.Id));
    }

    private static string NameOf(OperationsBench bench, BackupRecord record) => bench.Context.Repository.BackupObjectName(record.Device, record.Id);

    /// <summary>As if a process had written it and not yet looked whether the name is another's.</summary>
    private static async Task<BackupRecord> RecordAsync(OperationsBench bench, string id)
    {
        await using var session = await bench.Context.Repository.BeginWriteAsync(default);
        await using var draft = session.BeginBackup();
        return await draft.CommitAsync(Bench.Header(Device) with { Id = id, Kind = BackupKind.Manual, Name = "race" }, _ => true, default);
    }
}
