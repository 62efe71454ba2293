using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Records;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>R9 from end to end: real records come and go while the calendar moves on.</summary>
public sealed class RetentionOverTimeTests
{
    private static readonly DateTimeOffset EndOfAugust = new(2031, 8, 31, 10, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task An_automatic_backup_goes_with_the_first_run_six_calendar_months_later()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        bench.Put(EndOfAugust);
        var first = await bench.AutomaticAsync("k");

        // 31 August + 6 months is the last day of February; 2032 has a 29th.
        bench.Put(new DateTimeOffset(2032, 2, 29, 9, 0, 0, TimeSpan.Zero));
        var second = await bench.AutomaticAsync("k");
        Assert.Equal([second.Backup.Id, first.Backup.Id], await bench.IdsAsync("k"));
        Assert.Equal(new DateTimeOffset(2032, 2, 29, 10, 0, 0, TimeSpan.Zero), first.Expires!.Value, TimeSpan.FromMinutes(4));

        bench.Put(new DateTimeOffset(2032, 2, 29, 10, 5, 0, TimeSpan.Zero));
        var third = await bench.AutomaticAsync("k");
        Assert.Equal([third.Backup.Id, second.Backup.Id], await bench.IdsAsync("k"));
        var expired = Assert.Single(await bench.EventsAsync("Expired"));
        Assert.Equal((first.Backup.Id, "k", EdgeEventCategory.Retention), (expired.Backup, expired.Device, expired.Category));
        Assert.Empty(bench.Observer.Warnings);
    }

    [Fact]
    public async Task The_eleventh_manual_backup_pushes_out_the_oldest_and_age_none()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        bench.Put(EndOfAugust);
        var automatic = await bench.AutomaticAsync("k");
        for (var number = 1; number <= 10; number++)
        {
            bench.Advance(TimeSpan.FromDays(2));
            Assert.Null((await bench.ManualAsync("k", $"n{number}")).Expires);
        }

        Assert.Equal(11, (await bench.IdsAsync("k")).Count);
        bench.Advance(TimeSpan.FromDays(2));
        await bench.ManualAsync("k", "n11");
        var names = (await bench.ListAsync()).Where(listed => listed.Backup.Kind == BackupKind.Manual).Select(listed => listed.Backup.Name);
        Assert.Equal(Enumerable.Range(2, 10).Reverse().Select(number => $"n{number}"), names);
        Assert.Contains(automatic.Backup.Id, await bench.IdsAsync("k"));

        bench.Advance(TimeSpan.FromDays(4000));
        var outcome = await bench.OptimizeAsync();
        Assert.Equal([automatic.Backup.Id], outcome.Expired.Select(expired => expired.Backup.Id));
        Assert.Equal(10, (await bench.IdsAsync("k")).Count);

        // A name that went with its backup is free again.
        await bench.ManualAsync("k", "n1");
    }

    [Fact]
    public async Task A_protected_backup_neither_goes_nor_counts_until_it_is_unprotected()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        bench.Put(EndOfAugust);
        var old = await bench.AutomaticAsync("k");
        var golden = await bench.ManualAsync("k", "golden");
        var protect = new ProtectBackup(bench.Context, SilentObserver.Instance);
        await protect.ProtectAsync(old.Backup, "audit", default);
        await protect.ProtectAsync(golden.Backup, null, default);
        var shown = (await bench.ListAsync()).Single(listed => listed.Backup.Id == old.Backup.Id);
        Assert.Equal((true, "audit", null), (shown.Backup.Protected, shown.Backup.ProtectedReason, shown.Expires));

        bench.Advance(TimeSpan.FromDays(400));
        for (var number = 1; number <= 10; number++)
        {
            await bench.ManualAsync("k", $"n{number}");
        }

        Assert.Empty((await bench.OptimizeAsync()).Expired);
        Assert.Equal(12, (await bench.IdsAsync("k")).Count);

        await protect.UnprotectAsync(old.Backup, default);
        await protect.UnprotectAsync(golden.Backup, default);
        var expired = (await bench.OptimizeAsync()).Expired.Select(entry => entry.Backup.Id);
        Assert.Equal(new[] { old.Backup.Id, golden.Backup.Id }.Order(StringComparer.Ordinal), expired.Order(StringComparer.Ordinal));
        Assert.Equal(2, (await bench.EventsAsync("Protected")).Count);
        Assert.Equal(2, (await bench.EventsAsync("Unprotected")).Count);
    }

    [Fact]
    public async Task Age_never_removes_the_number_that_KeepLast_names()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        await bench.SetPolicyAsync(new PolicyValues { KeepLast = 2 });
        bench.Put(EndOfAugust);
        var ids = new List<string>();
        for (var day = 0; day < 4; day++)
        {
            bench.Advance(TimeSpan.FromDays(1));
            ids.Add((await bench.AutomaticAsync("k")).Backup.Id);
        }

        bench.Advance(TimeSpan.FromDays(400));
        await bench.OptimizeAsync();
        Assert.Equal([ids[3], ids[2]], await bench.IdsAsync("k"));
        Assert.Empty(bench.Observer.Warnings);
    }

    [Fact]
    public async Task An_expiry_that_leaves_a_device_without_a_backup_is_a_warning_and_an_event_and_WhatIf_writes_nothing()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        bench.Put(EndOfAugust);
        var only = await bench.AutomaticAsync("k");
        bench.Advance(TimeSpan.FromDays(200));

        var before = bench.Objects();
        var preview = await bench.OptimizeAsync(whatIf: true);
        Assert.Equal([only.Backup.Id], preview.Expired.Select(expired => expired.Backup.Id));
        Assert.Equal(before, bench.Objects());
        Assert.Single(bench.Observer.Warnings);

        var outcome = await bench.OptimizeAsync();
        Assert.Equal([only.Backup.Id], outcome.Expired.Select(expired => expired.Backup.Id));
        Assert.True(outcome.Reclaim.BytesFreed > 0);
        Assert.Empty(await bench.IdsAsync("k"));
        Assert.Equal(2, bench.Observer.Warnings.Count);
        Assert.All(bench.Observer.Warnings, warning => Assert.Contains("without any backup", warning, StringComparison.Ordinal));
        Assert.Equal("k", Assert.Single(await bench.EventsAsync("LeftWithoutBackup")).Device);
    }

    [Fact]
    public async Task Nothing_expires_while_the_clock_stands_before_the_newest_backup()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        bench.Put(EndOfAugust);
        await bench.AutomaticAsync("k");
        bench.Put(EndOfAugust.AddMonths(5));
        await bench.AutomaticAsync("k");
        await bench.SetPolicyAsync(new PolicyValues { RetentionMonths = 1 });

        // Old enough for one month, and yet the clock is wrong by three.
        bench.Put(EndOfAugust.AddMonths(2));
        Assert.Empty((await bench.OptimizeAsync()).Expired);
        Assert.Contains("the clock", Assert.Single(bench.Observer.Warnings), StringComparison.Ordinal);
        Assert.Equal(2, (await bench.IdsAsync("k")).Count);

        bench.Put(EndOfAugust.AddMonths(5).AddDays(1));
        Assert.Single((await bench.OptimizeAsync()).Expired);
    }

    [Fact]
    public async Task Nothing_expires_when_the_listing_has_shrunk_abruptly()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        bench.Put(EndOfAugust);
        for (var day = 0; day < 8; day++)
        {
            bench.Advance(TimeSpan.FromHours(1));
            await bench.AutomaticAsync("k");
        }

        var records = bench.Objects("backups/");
        Assert.Equal(8, records.Count);
        foreach (var record in records.Take(4))
        {
            File.Delete(Path.Combine(bench.RepositoryFolder, record));
        }

        bench.Advance(TimeSpan.FromDays(200));
        var outcome = await bench.OptimizeAsync();
        Assert.Empty(outcome.Expired);
        Assert.Single(bench.Observer.Warnings, warning => warning.Contains("shrunk", StringComparison.Ordinal));

        // What the missing ones need stays.
        Assert.True(outcome.Reclaim.IsStoppedByDamage);
        Assert.Equal(4, bench.Observer.Warnings.Count(warning => warning.Contains("is missing", StringComparison.Ordinal)));
        Assert.Equal(4, bench.Objects("backups/").Count);
    }

    [Fact]
    public async Task Nothing_expires_when_a_record_cannot_be_read()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        bench.Put(EndOfAugust);
        await bench.AutomaticAsync("k");
        await bench.AutomaticAsync("k");
        var record = Path.Combine(bench.RepositoryFolder, bench.Objects("backups/")[1]);
        var bytes = await File.ReadAllBytesAsync(record);
        bytes[60] ^= 1;
        await File.WriteAllBytesAsync(record, bytes);
        await bench.Context.DisposeAsync();
        File.Delete(bench.CatalogPath);
        await bench.ReopenAsync();

        bench.Advance(TimeSpan.FromDays(200));
        var outcome = await bench.OptimizeAsync();
        Assert.Empty(outcome.Expired);
        Assert.True(outcome.Reclaim.IsStoppedByDamage);
        Assert.Contains(bench.Observer.Warnings, warning => warning.Contains("nothing expires", StringComparison.Ordinal));
        Assert.Contains(bench.Observer.Warnings, warning => warning.Contains("No space was freed", StringComparison.Ordinal));
        Assert.Equal(2, bench.Objects("backups/").Count);
    }

    [Fact]
    public async Task A_device_that_was_never_backed_up_is_nothing_to_warn_of()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("new");
        Assert.Empty((await bench.OptimizeAsync()).Expired);
        Assert.Empty(bench.Observer.Warnings);
    }

    [Fact]
    public async Task What_expired_frees_its_space_and_leaves_the_rest_whole()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var root = await bench.AddFolderAsync("k");
        bench.Put(EndOfAugust);
        var random = new Random(7);
        var large = new byte[400_000];
        random.NextBytes(large);
        await File.WriteAllBytesAsync(Path.Combine(root, "large.bin"), large);
        await File.WriteAllBytesAsync(Path.Combine(root, "other.bin"), large[..80_000]);
        await bench.AutomaticAsync("k");
        File.Delete(Path.Combine(root, "large.bin"));
        bench.Advance(TimeSpan.FromDays(150));
        var kept = await bench.AutomaticAsync("k");
        bench.Advance(TimeSpan.FromDays(60));
        var before = bench.Size();
        var outcome = await bench.OptimizeAsync();
        Assert.Single(outcome.Expired);
        Assert.True(outcome.Reclaim.BytesFreed > 300_000);
        Assert.True(bench.Size() < before - 300_000);
        var record = await bench.Context.Repository.ReadBackupAsync(kept.Backup.ObjectName, default);
        Assert.Empty(await bench.Context.Repository.VerifyBackupAsync(record, default));
    }
}
