using System.Globalization;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.TestWorker;

/// <summary>What a worker process can be told to do.</summary>
internal static class WorkerCommands
{
    public delegate Task Command(string folder, string[] arguments, CancellationToken cancellationToken);

    public static Command? Find(string name) => name switch
    {
        "backup" => BackUpAsync,
        "expire" => ExpireAsync,
        "verify" => VerifyAsync,
        "hold" => HoldAsync,
        _ => null,
    };

    /// <summary><c>device seed count</c>: backups of the device, one session each; <c>backup device id seed</c> for each that is recorded.</summary>
    private static async Task BackUpAsync(string folder, string[] arguments, CancellationToken cancellationToken)
    {
        await using var place = await WorkerRepository.OpenAsync(folder, cancellationToken);
        var seed = Number(arguments[1]);
        for (var last = seed + Number(arguments[2]); seed < last; seed++)
        {
            await using var session = await place.Repository.BeginWriteAsync(cancellationToken);
            var record = await WorkerContent.BackUpAsync(session, arguments[0], seed, cancellationToken);
            Say($"backup {record.Device} {record.Id} {seed}");
        }
    }

    /// <summary><c>count keep</c>: removes all but the newest backups of each device and frees the space; <c>expiring id</c> before each, then <c>freed bytes packs left</c>.</summary>
    private static async Task ExpireAsync(string folder, string[] arguments, CancellationToken cancellationToken)
    {
        await using var place = await WorkerRepository.OpenAsync(folder, cancellationToken);
        for (var round = 0; round < Number(arguments[0]); round++)
        {
            var names = new List<string>();
            await foreach (var name in place.Repository.ListBackupsAsync(device: null, cancellationToken))
            {
                names.Add(name);
            }

            foreach (var device in names.GroupBy(name => name[..name.LastIndexOf('/')]))
            {
                var old = device.Order(StringComparer.Ordinal).SkipLast(Number(arguments[1])).ToList();
                old.ForEach(name => Say($"expiring {name[(name.LastIndexOf('/') + 1)..]}"));
                await place.Repository.DeleteBackupsAsync(old, cancellationToken);
            }

            var report = await place.Repository.ReclaimAsync(new ReclaimOptions(WhatIf: false), cancellationToken);
            Say(string.Create(CultureInfo.InvariantCulture, $"freed {report.BytesFreed} {report.PacksDeleted} {report.Left.Count}"));
        }
    }

    /// <summary><c>count</c>: verifies all data; <c>verified backups damage</c>, and <c>damage …</c> for each.</summary>
    private static async Task VerifyAsync(string folder, string[] arguments, CancellationToken cancellationToken)
    {
        for (var round = 0; round < Number(arguments[0]); round++)
        {
            await using var place = await WorkerRepository.OpenAsync(folder, cancellationToken);
            var report = await place.Repository.VerifyAsync(new VerifyOptions(ReadData: true), progress: null, cancellationToken);
            Say(string.Create(CultureInfo.InvariantCulture, $"verified {report.Backups} {report.Damage.Count}"));
            foreach (var damage in report.Damage)
            {
                Say($"damage {damage.Object} {damage.Backup} {damage.Path} {damage.Reason}");
            }
        }
    }

    /// <summary><c>read</c> or <c>write</c>: holds a lease until a line comes in; <c>held</c> when it has it.</summary>
    private static async Task HoldAsync(string folder, string[] arguments, CancellationToken cancellationToken)
    {
        await using var place = await WorkerRepository.OpenAsync(folder, cancellationToken);
        var lease = arguments[0] == "read" ? await place.Repository.BeginReadAsync(cancellationToken) : await place.Repository.BeginWriteAsync(cancellationToken);
        await using (lease)
        {
            Say("held");
            await Console.In.ReadLineAsync(cancellationToken);
        }
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static void Say(string line)
    {
        Console.WriteLine(line);
        Console.Out.Flush();
    }
}
