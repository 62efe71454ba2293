using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Tests.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Durability;

/// <summary>Reads acknowledged backups and compares them with what was saved.</summary>
internal static class BackupCheck
{
    /// <summary>Every acknowledged backup gives back its bytes.</summary>
    public static async Task AllAreIntactAsync(EdgeRepository repository, IEnumerable<KnownBackup> acknowledged, Tally tally, string when)
    {
        foreach (var backup in acknowledged)
        {
            tally.Checked++;
            var failed = await FindFailuresAsync(repository, backup);
            if (failed.Count > 0)
            {
                tally.Lost++;
                Assert.Fail($"{when}: the backup {backup.Record.Id} of {backup.Record.Device} is not whole: {string.Join(", ", failed)}");
            }
        }
    }

    /// <summary>
    /// Reads a backup as a user would. What is read must be right; what is not must end in an error for people.
    /// </summary>
    /// <returns>The paths that cannot be read; "" for the backup as a whole.</returns>
    public static async Task<List<string>> FindFailuresAsync(EdgeRepository repository, KnownBackup backup)
    {
        var failed = new List<string>();
        var seen = new List<string>();
        try
        {
            var record = await repository.ReadBackupAsync(backup.ObjectName, default);
            Assert.Equal((backup.Record.Device, backup.Record.Id), (record.Device, record.Id));
            await foreach (var item in repository.ReadItemsAsync(record, default))
            {
                var path = item.Item.Path;
                seen.Add(path);
                try
                {
                    var content = await Bench.ReadItemAsync(repository, record, item);
                    Assert.True(content.AsSpan().SequenceEqual(backup.Files[path]), $"'{path}' of {record.Id} was read and is not what was saved");
                }
                catch (EdgeBackupException)
                {
                    failed.Add(path);
                }
            }

            Assert.Equal(backup.Files.Keys.Order(StringComparer.Ordinal), seen);
        }
        catch (EdgeBackupException)
        {
            failed.Add("");
        }

        return failed;
    }
}
