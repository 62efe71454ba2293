using System.Globalization;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.TestWorker.Deeds;

/// <summary><c>count keep</c>: removes all but the newest backups of each device and frees the space; <c>expiring id</c> before each, then <c>freed bytes packs left</c>.</summary>
internal static class Expire
{
    public static async Task RunAsync(string folder, string[] arguments)
    {
        await using var place = await WorkerRepository.OpenAsync(folder, default);
        for (var round = 0; round < Worker.Number(arguments[0]); round++)
        {
            var names = new List<string>();
            await foreach (var name in place.Repository.ListBackupsAsync(device: null, default))
            {
                names.Add(name);
            }

            foreach (var device in names.GroupBy(name => name[..name.LastIndexOf('/')]))
            {
                var old = device.Order(StringComparer.Ordinal).SkipLast(Worker.Number(arguments[1])).ToList();
                old.ForEach(name => Worker.Say($"expiring {name[(name.LastIndexOf('/') + 1)..]}"));
                await place.Repository.DeleteBackupsAsync(old, default);
            }

            var report = await place.Repository.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);
            Worker.Say(string.Create(CultureInfo.InvariantCulture, $"freed {report.BytesFreed} {report.PacksDeleted} {report.Left.Count}"));
        }
    }
}
