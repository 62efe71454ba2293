using System.Globalization;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.TestWorker.Deeds;

/// <summary><c>count</c>: verifies all data; <c>verified backups damage</c>, and <c>damage …</c> for each.</summary>
internal static class Verify
{
    public static async Task RunAsync(string folder, string[] arguments)
    {
        for (var round = 0; round < Worker.Number(arguments[0]); round++)
        {
            await using var place = await WorkerRepository.OpenAsync(folder, default);
            var report = await place.Repository.VerifyAsync(new VerifyOptions(ReadData: true), progress: null, default);
            Worker.Say(string.Create(CultureInfo.InvariantCulture, $"verified {report.Backups} {report.Damage.Count}"));
            foreach (var damage in report.Damage)
            {
                Worker.Say($"damage {damage.Object} {damage.Backup} {damage.Path} {damage.Reason}");
            }
        }
    }
}
