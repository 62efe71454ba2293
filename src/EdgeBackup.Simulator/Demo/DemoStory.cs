using System.Text;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using EdgeBackup.Simulator.Devices;
using static EdgeBackup.Simulator.Demo.DemoReport;

namespace EdgeBackup.Simulator.Demo;

/// <summary>The main job from end to end: what an administrator does, through the operations that the cmdlets call.</summary>
internal sealed class DemoStory
{
    private const string Setting = "config/ocpp/backoffice.xml";
    private const string BackupName = "before firmware update";

    private readonly DemoWorld world;
    private readonly DemoReport report;

    public DemoStory(DemoWorld world, DemoReport report)
    {
        this.world = world;
        this.report = report;
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await InitializeAsync(cancellationToken);
        await RegisterAsync(cancellationToken);
        await NamedBackupsAsync(cancellationToken);
        await BusyDeviceAsync(cancellationToken);
        await ListAsync(cancellationToken);
        await RestoreAsync(cancellationToken);
        await GroupAsync(cancellationToken);
        await SwitchAsync(cancellationToken);
        await VerifyAsync(cancellationToken);
        report.ExpectNoWarnings();
        report.End("Everything came out as it should.");
    }

    private async Task InitializeAsync(CancellationToken cancellationToken)
    {
        report.Step("Make a repository");
        var recoveryKey = await world.InitializeAsync(cancellationToken);
        report.Say("Encrypted; a key file that only this user can read opens it.");
        report.Say($"Recovery key, shown this once: {recoveryKey}");
    }

    private async Task RegisterAsync(CancellationToken cancellationToken)
    {
        report.Step("Register two edge controllers, a building server and a folder");
        var zone = new PolicyEntry { Scope = PolicyScope.Type, Key = Devices.DeviceTypes.BuildingServer, Values = new PolicyValues { TimeZone = "Europe/Berlin" }, Time = DateTimeOffset.UtcNow, Author = world.Repository.Author };
        await PolicyBook.SetAsync(world.Repository.Repository, zone, cancellationToken);
        report.Say("Building servers are backed up outside business hours, by the clocks of Europe/Berlin.");
        string[] addresses = [.. world.Fleet.Devices.Select(device => device.Address.AbsoluteUri), world.FolderDevice];
        foreach (var address in addresses)
        {
            await RegisterAsync(address, cancellationToken);
        }

        var devices = await DevicesAsync(cancellationToken);
        report.Table(
            ["Device", "Type", "Version", "Name", "Newest backup"],
            devices.Select(listed => new[] { listed.Device.Id, listed.Device.Type, listed.Device.Version ?? "-", listed.Device.Name ?? "-", Age(listed.BackupAge) }));
        Expect(devices.Select(listed => listed.Device.Id).SequenceEqual(["bms-001", "edge-001", "edge-002", "kiosk-7"]), "Not all devices are registered.");
        Expect(devices.All(listed => listed.BackupState == BackupState.Never), "A new device is said to have a backup.");
    }

    private async Task NamedBackupsAsync(CancellationToken cancellationToken)
    {
        report.Step($"Back all of them up under the name '{BackupName}'");
        var outcomes = await BackUpAsync(["edge-001", "edge-002", "bms-001", "kiosk-7"], new TakeBackupOptions { Kind = BackupKind.Manual, Name = BackupName }, cancellationToken);
        Expect(outcomes.All(outcome => outcome.Backup is not null), Failures(outcomes));
        Tell(outcomes);
        var building = outcomes.Single(outcome => outcome.Device == "bms-001").Backup!.Backup;
        Expect(building.NotSaved.Count == 1, "A value that survives no restart should have been left out.");
        report.Say($"Left out on bms-001: {building.NotSaved[0].Path}. {building.NotSaved[0].Reason}");
    }

    private async Task BusyDeviceAsync(CancellationToken cancellationToken)
    {
        report.Step("The nightly run: somebody is charging at edge-002");
        var transaction = world.Device("edge-002").ChargePoints[0].StartTransaction();
        Expect(transaction is not null, "The simulated transaction did not start.");
        var automatic = new TakeBackupOptions { Kind = BackupKind.Automatic };
        var outcomes = await BackUpAsync(["edge-001", "edge-002", "bms-001", "kiosk-7"], automatic, cancellationToken);
        Tell(outcomes);
        Expect(outcomes.Count(outcome => outcome.Backup is not null) == 3, "One busy device should not stop the others.");
        Expect(outcomes.All(outcome => outcome.Backup?.Backup.Changed != true), "Nothing was changed, and yet a backup says so.");
        Expect(
            outcomes.Single(outcome => outcome.Device == "edge-002").Error is EdgeBackupException { ErrorId: ErrorIds.DeviceBusy },
            "A device with a running transaction should have been refused.");
        var waiting = (await DevicesAsync(cancellationToken)).Single(listed => listed.Device.Id == "edge-002");
        Expect(waiting.BackupState == BackupState.Postponed, "The refused device should be shown as postponed.");
        report.Say("edge-002 is shown as Postponed. The car leaves, and the backup is taken:");
        world.Device("edge-002").ChargePoints[0].EndTransaction();
        outcomes = await BackUpAsync(["edge-002"], automatic, cancellationToken);
        Expect(outcomes.All(outcome => outcome.Backup is not null), Failures(outcomes));
        Tell(outcomes);
    }

    private async Task ListAsync(CancellationToken cancellationToken)
    {
        report.Step("List what there is");
        var backups = await BackupsAsync([], cancellationToken);
        Show(backups);
        Expect(backups.Count == 8, $"There should be 8 backups, and there are {backups.Count}.");
    }

    private async Task RestoreAsync(CancellationToken cancellationToken)
    {
        report.Step("A setting of edge-001 gets broken; restore the named backup");
        var device = world.Device("edge-001");
        var good = world.Read("edge-001", Setting);
        device.Items.Set(Setting, Encoding.UTF8.GetBytes("<backoffice url=\"wss://wrong.example/\"/>\n"));
        report.Say($"broken:   {world.Read("edge-001", Setting)}");
        var backup = (await BackupsAsync(["edge-001"], cancellationToken)).Single(listed => listed.Backup.Name == BackupName);
        var options = new RestoreOptions { Backup = backup.Backup.Id };
        var plan = await new RestoreBackup(world.Repository, report).PlanAsync(options, cancellationToken);
        Expect(plan.Steps.Single(step => step.Action == RestoreAction.Restore).Path == Setting, "The plan should name the broken setting and nothing else.");
        var result = await new RestoreBackup(world.Repository, report).RunAsync(options, cancellationToken);
        report.Say($"restored: {world.Read("edge-001", Setting)}");
        Tell(result);
        Expect(world.Read("edge-001", Setting) == good, "The setting is not what it was.");
        Expect(result.Restored.SequenceEqual([Setting]) && result.Verified && result.SafetyBackup is not null, "The restore's result is not what it should be.");
    }

    private async Task GroupAsync(CancellationToken cancellationToken)
    {
        const string Group = "before renovation";
        report.Step("The town hall's server and what stands below it, saved and brought back as one group");
        await new ChangeDevice(world.Repository, report).SetAsync("kiosk-7", new ChangeDeviceOptions { Parent = "bms-001" }, cancellationToken);
        var outcomes = await BackUpAsync(["bms-001"], new TakeBackupOptions { Kind = BackupKind.Manual, Name = Group, IncludeChildren = true }, cancellationToken);
        Tell(outcomes);
        Expect(
            outcomes.Select(outcome => (outcome.Device, outcome.Backup is not null)).SequenceEqual([("bms-001", true), ("bms-001-ahu", false), ("kiosk-7", true)]),
            "The group should be the server and the folder below it, and the device that nobody registered should be named.");
        world.Device("bms-001").Items.Remove("config/alarms.xml");
        var display = Path.Combine(world.FolderDevice, "settings", "display.ini");
        await File.WriteAllTextAsync(display, "brightness=0\n", cancellationToken);
        var restore = new RestoreGroup(world.Repository, report);
        var options = new RestoreGroupOptions { Group = Group };
        var restored = new List<string>();
        await restore.RunAsync(
            await restore.FindAsync(options, cancellationToken),
            options,
            result =>
            {
                restored.Add(result.Device);
                Tell(result);
                return Task.CompletedTask;
            },
            (_, error) => throw new DemoFailedException(error.Message),
            cancellationToken);
        Expect(restored.SequenceEqual(["bms-001", "kiosk-7"]), "The server should have been restored first, then what stands below it.");
        Expect(world.Read("bms-001", "config/alarms.xml") is not null, "The server's alarms are not back.");
        Expect(await File.ReadAllTextAsync(display, cancellationToken) == "brightness=80\n", "The folder's setting is not back.");
    }

    private async Task SwitchAsync(CancellationToken cancellationToken)
    {
        report.Step("edge-002 dies; edge-003 takes its place");
        var settings = world.Read("edge-002", "config/site.json");
        world.Fleet.Remove("edge-002");
        var replacement = world.Fleet.Add(new SimulatedDeviceOptions { Id = "edge-003", Name = "Car park south" });
        await RegisterAsync(replacement.Address.AbsoluteUri, cancellationToken);
        var identity = world.Read("edge-003", "identity/hardware.json");
        var outcome = await new SwitchDevice(world.Repository, report).RunAsync(
            new SwitchOptions { Device = "edge-003", Replaces = "edge-002", Reason = "mainboard dead" }, cancellationToken);
        Tell(outcome.Restore!);
        Expect(world.Read("edge-003", "config/site.json") == settings, "The replacement does not have the dead device's settings.");
        Expect(world.Read("edge-003", "identity/hardware.json") == identity, "The replacement lost its own identity.");
        report.Say($"edge-003 works with edge-002's settings ({settings}) and keeps its own identity.");

        var refused = await BackUpAsync(["edge-002"], new TakeBackupOptions { Kind = BackupKind.Automatic }, cancellationToken);
        Expect(refused is [{ Error: EdgeBackupException { ErrorId: ErrorIds.DeviceReplaced } }], "The dead device should be fenced.");
        report.Say(refused[0].Error!.Message);
        var history = await BackupsAsync(["edge-003"], cancellationToken);
        report.Say("The backups of edge-003 are now:");
        Show(history);
        Expect(history.Select(listed => listed.Backup.Device).Distinct().SequenceEqual(["edge-002", "edge-003"]), "The history of both should be listed.");
    }

    private async Task VerifyAsync(CancellationToken cancellationToken)
    {
        report.Step("Verify every byte of the repository");
        var verification = await world.Repository.Repository.VerifyAsync(new VerifyOptions(ReadData: true), progress: null, cancellationToken);
        report.Say($"{Count(verification.Backups, "backup")} in {Count((int)verification.Objects, "object")}, {verification.Bytes / 1024} KB: {(verification.Healthy ? "healthy" : "DAMAGED")}.");
        Expect(verification.Healthy, "The repository is damaged.");
        Expect(verification.Backups == 14, $"There should be 14 backups, and there are {verification.Backups}.");
    }

    private Task<string> RegisterAsync(string address, CancellationToken cancellationToken) =>
        new RegisterDevice(world.Repository, report).RunAsync(new RegisterDeviceOptions { Address = DeviceAddress.Parse(address, world.Root) }, cancellationToken);

    private async Task<List<TakeBackupOutcome>> BackUpAsync(IEnumerable<string> devices, TakeBackupOptions options, CancellationToken cancellationToken)
    {
        var outcomes = new List<TakeBackupOutcome>();
        await new TakeBackup(world.Repository, report).RunAsync(
            devices,
            options,
            outcome =>
            {
                outcomes.Add(outcome);
                return Task.CompletedTask;
            },
            cancellationToken);
        return [.. outcomes.OrderBy(outcome => outcome.Device, StringComparer.Ordinal)];
    }

    private async Task<List<ListedDevice>> DevicesAsync(CancellationToken cancellationToken) =>
        await new FindDevices(world.Repository).RunAsync(new FindDevicesOptions(), error => throw error, cancellationToken).ToListAsync(cancellationToken);

    private async Task<List<ListedBackup>> BackupsAsync(string[] devices, CancellationToken cancellationToken) =>
        await new FindBackups(world.Repository).RunAsync(new FindBackupsOptions { Devices = devices }, error => throw error, cancellationToken).ToListAsync(cancellationToken);

    private void Show(IEnumerable<ListedBackup> backups) => report.Table(
        ["Backup", "Device", "Kind", "Items", "Name"],
        backups.Select(listed => new[] { listed.Backup.Id, listed.Backup.Device, listed.Backup.Kind.ToString(), $"{listed.Backup.ItemCount}", listed.Backup.Name ?? "" }));

    private void Tell(IEnumerable<TakeBackupOutcome> outcomes)
    {
        foreach (var outcome in outcomes)
        {
            report.Say(outcome.Backup is { Backup: var backup }
                ? $"{outcome.Device}: {Count(backup.ItemCount, "item")}, {backup.Length} bytes{(backup.Changed ? "" : ", nothing has changed")}"
                : $"{outcome.Device}: refused. {outcome.Error!.Message}");
        }
    }

    private void Tell(RestoreResult result)
    {
        report.Say($"{Count(result.Restored.Count, "item")} restored, {result.Unchanged.Count} unchanged, {result.Removed.Count} removed; read back and compared. Safety backup: {result.SafetyBackup}.");
        foreach (var item in result.NotRestored)
        {
            report.Say($"not restored: {item.Path}: {item.Reason}");
        }
    }

    private static string Failures(IEnumerable<TakeBackupOutcome> outcomes) =>
        string.Join(" ", outcomes.Where(outcome => outcome.Error is not null).Select(outcome => outcome.Error!.Message));
}
