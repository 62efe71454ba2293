using System.Text;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>A policy that cannot be read is one policy less, with a warning; it stops no backup, and nothing expires without it.</summary>
public sealed class DamagedPolicyTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_policy_that_cannot_be_read_is_left_out_with_one_warning_and_nothing_expires(bool isTorn)
    {
        await using var bench = await OperationsBench.CreateAsync();
        foreach (var id in new[] { "a", "b" })
        {
            await bench.AddFolderAsync(id);
            await bench.AutomaticAsync(id);
        }

        await bench.SetPolicyAsync(new PolicyValues { ManualLimit = 3 });
        var name = await DamageAsync(bench, isTorn);
        bench.Advance(TimeSpan.FromDays(400));

        var outcomes = await bench.BackUpAsync(["a", "b"]);
        Assert.All(outcomes, outcome => Assert.Null(outcome.Error));
        AssertWarned(bench, name, commands: 1);

        Assert.Empty((await bench.OptimizeAsync()).Expired);
        AssertWarned(bench, name, commands: 2);

        Assert.Equal(4, (await bench.ListAsync()).Count);
        AssertWarned(bench, name, commands: 3);

        Assert.Equal("a", (await bench.DeviceAsync("a")).Device.Id);
        AssertWarned(bench, name, commands: 4);

        var restored = await new RestoreBackup(bench.Context, bench.Observer).RunAsync(new RestoreOptions { Backup = outcomes[0].Backup!.Backup.Id }, default);
        Assert.NotNull(restored.SafetyBackup);
        AssertWarned(bench, name, commands: 5);

        // The others hold as ever.
        var book = await PolicyBook.LoadAsync(bench.Context.Repository, default);
        Assert.Equal((1, 3), (book.Unreadable.Count, book.For("a", "kiosk", [], site: null).ManualLimit));
    }

    [Fact]
    public async Task Backups_expire_again_when_the_policy_can_be_read_again()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("a");
        var old = await bench.AutomaticAsync("a");
        await bench.SetPolicyAsync(new PolicyValues { ManualLimit = 3 });
        var file = Path.Combine(bench.RepositoryFolder, bench.Objects("policies/").Single());
        var whole = await File.ReadAllBytesAsync(file);
        await File.WriteAllBytesAsync(file, whole[..^3]);
        bench.Advance(TimeSpan.FromDays(400));
        await bench.AutomaticAsync("a");
        Assert.Equal(2, (await bench.IdsAsync("a")).Count);

        await File.WriteAllBytesAsync(file, whole);
        Assert.Equal([old.Backup.Id], (await bench.OptimizeAsync()).Expired.Select(expired => expired.Backup.Id));
    }

    /// <summary>One record that is torn, or one that is whole and says nothing that this version knows.</summary>
    private static async Task<string> DamageAsync(OperationsBench bench, bool isTorn)
    {
        var name = await bench.Context.Repository.AppendAsync(RecordArea.Policies, PolicyBook.Subject, Encoding.UTF8.GetBytes("""{"scope":"Planet"}"""), default);
        if (isTorn)
        {
            var file = Path.Combine(bench.RepositoryFolder, name);
            await File.WriteAllBytesAsync(file, (await File.ReadAllBytesAsync(file))[..^3]);
        }

        return name;
    }

    private static void AssertWarned(OperationsBench bench, string name, int commands)
    {
        Assert.Equal(commands, bench.Observer.Warnings.Count);
        Assert.All(bench.Observer.Warnings, warning =>
        {
            Assert.Contains(name, warning, StringComparison.Ordinal);
            Assert.Contains("nothing expires", warning, StringComparison.Ordinal);
        });
    }
}
