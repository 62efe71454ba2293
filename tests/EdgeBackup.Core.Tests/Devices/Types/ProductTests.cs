using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Compare;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.Core.Tests.Devices.Ssh;
using EdgeBackup.Core.Tests.Operations;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Types;

/// <summary>The shipped types of real products, over a real sshd, against stand-ins for the products.</summary>
public sealed class ProductTests(SshServer server) : IClassFixture<SshServer>, IAsyncLifetime
{
    private OperationsBench bench = null!;
    private RepositoryContext context = null!;

    public async Task InitializeAsync()
    {
        bench = await OperationsBench.CreateAsync();
        context = await bench.OpenAsync("admin", new StandInConnections(server));
    }

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [SshFact]
    public async Task OpenWrt_saves_what_sysupgrade_would_keep_and_applies_what_is_restored()
    {
        var router = new StandIn(server, "openwrt");
        await RegisterAsync(router, "openwrt", "94:83:c4:00:00:07", "depot-router", "23.05.3");
        Assert.Equal("GL.iNet GL-AR750S (NOR/NAND)", (await LookAsync(router, "openwrt")).Identity.Model);

        var items = await BackUpAsync("94:83:c4:00:00:07", "before");
        Assert.Equal(
            ["etc/config/network", "etc/config/system", "etc/config/wireless", "etc/dropbear/authorized_keys", "etc/dropbear/dropbear_ed25519_host_key", "etc/hosts", "etc/openvpn/office.conf", "etc/passwd"],
            items.Keys);
        Assert.Equal(ItemKind.Identity, items["etc/dropbear/dropbear_ed25519_host_key"]);
        Assert.Equal(ItemKind.Configuration, items["etc/config/network"]);

        router.Write("etc/config/network", router.Read("etc/config/network").Replace("192.168.1.1", "10.0.0.1", StringComparison.Ordinal));
        router.Write("etc/config/extra", "config extra\n");
        var result = await RestoreAsync("before");
        Assert.Contains("192.168.1.1", router.Read("etc/config/network"), StringComparison.Ordinal);
        Assert.Equal(["etc/config/extra"], result.Removed);
        Assert.Equal("a program\n", router.Read("usr/bin/not-configuration"));
        Assert.Equal(["reload_config 192.168.1.1"], router.Log);
    }

    [SshFact]
    public async Task OpenWrt_gets_its_old_state_back_where_the_restored_one_cannot_be_applied()
    {
        var router = new StandIn(server, "openwrt");
        await RegisterAsync(router, "openwrt", "94:83:c4:00:00:07", "depot-router", "23.05.3");
        await BackUpAsync("94:83:c4:00:00:07", "before");
        router.Write("etc/config/network", router.Read("etc/config/network").Replace("192.168.1.1", "192.168.9.9", StringComparison.Ordinal));
        router.Write("../reload-fails", "");

        var failed = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync("before"));
        Assert.Equal(ErrorIds.RestoreFailed, failed.ErrorId);
        Assert.Contains("reload_config", failed.Message, StringComparison.Ordinal);
        Assert.Contains("192.168.9.9", router.Read("etc/config/network"), StringComparison.Ordinal);
        Assert.Equal(["reload_config 192.168.1.1", "reload_config 192.168.9.9"], router.Log);
    }

    [SshFact]
    public async Task Evcc_waits_for_the_end_of_charging()
    {
        var host = new StandIn(server, "evcc");
        host.Write("../charging", "false\nfalse\n");
        await RegisterAsync(host, "evcc", "5c1c2f0e9a3b4d61a2f07c9f5d1e8b42", "depot-charge", "0.203.1");

        host.Write("../charging", "false\ntrue\n");
        Assert.Equal("a vehicle is charging", (await LookAsync(host, "evcc")).RunningWork);
        Assert.Equal(ErrorIds.DeviceBusy, (await TryBackUpAsync("5c1c2f0e9a3b4d61a2f07c9f5d1e8b42", "busy")).ErrorId);

        host.Write("../charging", "false\nnull\n");
        Assert.Equal(ErrorIds.DeviceStateUnknown, (await TryBackUpAsync("5c1c2f0e9a3b4d61a2f07c9f5d1e8b42", "unknown")).ErrorId);
        host.Write("../charging", "false\n");
        host.Write("../crashed", "");
        Assert.Equal(ErrorIds.DeviceStateUnknown, (await TryBackUpAsync("5c1c2f0e9a3b4d61a2f07c9f5d1e8b42", "crashed")).ErrorId);

        File.Delete(host.At("../crashed"));
        Assert.Equal(["etc/evcc.yaml", "var/lib/evcc/evcc.db"], (await BackUpAsync("5c1c2f0e9a3b4d61a2f07c9f5d1e8b42", "idle")).Keys);
    }

    [SshFact]
    public async Task Evcc_is_stopped_for_a_restore_and_started_again()
    {
        var host = new StandIn(server, "evcc");
        host.Write("../charging", "false\n");
        await RegisterAsync(host, "evcc", "5c1c2f0e9a3b4d61a2f07c9f5d1e8b42", "depot-charge", "0.203.1");
        await BackUpAsync("5c1c2f0e9a3b4d61a2f07c9f5d1e8b42", "before");
        host.Write("etc/evcc.yaml", "interval: broken\n");
        await RestoreAsync("before");
        Assert.Contains("title: Carport", host.Read("etc/evcc.yaml"), StringComparison.Ordinal);
        Assert.Equal("shared memory of a running program\n", host.Read("var/lib/evcc/evcc.db-shm"));
        Assert.Equal(["systemctl stop evcc", "systemctl start evcc"], host.Log);
    }

    [SshFact]
    public async Task Home_Assistant_saves_its_configuration_and_its_records_only_on_request()
    {
        var home = new StandIn(server, "home-assistant");
        await RegisterAsync(home, "home-assistant", "b6a1e7d0c9c84f3c8d4f0f3d2a1b0c9d", "Depot", "2026.4.1");
        string[] configuration =
        [
            ".HA_VERSION", ".storage/core.config", ".storage/core.uuid", ".storage/lovelace", "automations.yaml", "configuration.yaml",
            "custom_components/heat/manifest.json", "scripts.yaml", "secrets.yaml",
        ];
        var items = await BackUpAsync("b6a1e7d0c9c84f3c8d4f0f3d2a1b0c9d", "settings");
        Assert.Equal(configuration, items.Keys);
        Assert.Equal(ItemKind.Identity, items[".storage/core.uuid"]);
        items = await BackUpAsync("b6a1e7d0c9c84f3c8d4f0f3d2a1b0c9d", "all", BackupContent.All);
        Assert.Equal([.. configuration, "home-assistant_v2.db", "home-assistant_v2.db-wal"], items.Keys.Order(StringComparer.Ordinal).OrderBy(path => path.StartsWith("home-", StringComparison.Ordinal)));

        home.Write("automations.yaml", "[]\n");
        home.Write("home-assistant_v2.db", "newer records\n");
        var result = await RestoreAsync("settings");
        Assert.Contains("Lights off", home.Read("automations.yaml"), StringComparison.Ordinal);
        Assert.Equal("newer records\n", home.Read("home-assistant_v2.db"));
        Assert.Empty(result.Removed);
        Assert.True(File.Exists(home.At("backups/4f2a1c9e.tar")) && File.Exists(home.At("custom_components/heat/__pycache__/x.pyc")));
    }

    [SshFact]
    public async Task PfSense_saves_its_one_file_and_reads_it_anew_after_a_restore()
    {
        var firewall = new StandIn(server, "pfsense");
        await RegisterAsync(firewall, "pfsense", "0d1e2f30-1111-2222-3333-444455556666", "depot-fw.example.org", "2.7.2-RELEASE");
        var identity = (await LookAsync(firewall, "pfsense")).Identity;
        Assert.Equal(("4100", "1234567890"), (identity.Model, identity.Serial));
        Assert.Equal(["cf/conf/config.xml"], (await BackUpAsync("0d1e2f30-1111-2222-3333-444455556666", "before")).Keys);

        firewall.Write("cf/conf/config.xml", firewall.Read("cf/conf/config.xml").Replace("depot-fw", "lost-fw", StringComparison.Ordinal));
        await RestoreAsync("before");
        Assert.Contains("depot-fw", firewall.Read("cf/conf/config.xml"), StringComparison.Ordinal);
        Assert.Equal(["rc.reload_all depot-fw"], firewall.Log);
        Assert.Equal("<pfsense/>\n", firewall.Read("cf/conf/backup/config-1764990000.xml"));
    }

    [SshFact]
    public async Task Ignition_is_saved_as_its_own_backup_and_takes_one_back_as_a_whole()
    {
        var gateway = new StandIn(server, "ignition");
        var id = await RegisterMachineAsync(gateway, "ignition");
        Assert.Equal("8.1.44", (await context.Devices.GetAsync(id, default)).Registration!.Version);
        Assert.Equal(["data/edgebackup/gateway.gwbk"], (await BackUpAsync(id, "before")).Keys);
        Assert.False(File.Exists(gateway.At("data/edgebackup/gateway.gwbk")));
        Assert.Empty(bench.Observer.Warnings);

        gateway.Write("data/projects/main/project.json", "{\"title\":\"Broken\"}\n");
        await RestoreAsync("before");
        Assert.Equal("{\"title\":\"Depot\",\"enabled\":true}\n", gateway.Read("data/projects/main/project.json"));

        // The export before the restore is the safety backup; the read-back looks at what was sent, not at another export.
        Assert.Equal(["gwcmd -b", "gwcmd -b", "gwcmd -b", "gwcmd --restore", "gwcmd --restart"], gateway.Log);
        Assert.Empty(Directory.EnumerateFileSystemEntries(gateway.At("data/edgebackup")));
        await BackUpAsync(id, "after");
        Assert.Equal(6, gateway.Log.Count);

        gateway.Write("../stopped", "");
        Assert.Equal(ErrorIds.CaptureFailed, (await TryBackUpAsync(id, "stopped")).ErrorId);
    }

    [SshTheory]
    [InlineData("the check")]
    [InlineData("the restart")]
    public async Task An_Ignition_gateway_takes_its_old_state_back_where_a_restore_fails(string what)
    {
        var (gateway, id, hasty) = await MakeIgnitionAsync();
        gateway.Write("data/projects/main/project.json", what == "the check" ? "{\"title\":\"Faulty\"}\n" : "{\"title\":\"Other\"}\n");
        await BackUpAsync(id, "bad");
        gateway.Write("data/projects/main/project.json", "{\"title\":\"Depot 2\"}\n");
        if (what == "the restart")
        {
            gateway.Write("../no-restart", "");
        }

        var failed = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync("bad", hasty));
        Assert.Equal(ErrorIds.RestoreFailed, failed.ErrorId);
        Assert.Contains("The old state was brought back.", failed.Message, StringComparison.Ordinal);
        Assert.Equal("{\"title\":\"Depot 2\"}\n", gateway.Read("data/projects/main/project.json"));
        Assert.Empty(Directory.EnumerateFileSystemEntries(gateway.At("data/edgebackup")));

        // The next backup is an export of what is there, not what was sent.
        var exports = gateway.Log.Count(line => line == "gwcmd -b");
        Assert.Equal(["data/edgebackup/gateway.gwbk"], (await BackUpAsync(id, "after")).Keys);
        Assert.Equal(exports + 1, gateway.Log.Count(line => line == "gwcmd -b"));
    }

    [SshFact]
    public async Task An_Ignition_gateway_that_cannot_take_its_old_state_back_is_told_of()
    {
        var (gateway, id, hasty) = await MakeIgnitionAsync();
        await BackUpAsync(id, "before");
        gateway.Write("../refused", "");
        var failed = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync("before", hasty));
        Assert.Equal(ErrorIds.RestoreFailed, failed.ErrorId);
        Assert.DoesNotContain("The old state was brought back", failed.Message, StringComparison.Ordinal);
        Assert.Contains("it may not work with them yet", failed.Message, StringComparison.Ordinal);
        var safety = (await bench.ListAsync(context: context)).Single(listed => listed.Backup.Kind == BackupKind.Safety);
        Assert.Contains(safety.Backup.Id, failed.Message, StringComparison.Ordinal);

        // What the device kept of the restore does not pass for an export.
        File.Delete(gateway.At("../refused"));
        Assert.Equal(["data/edgebackup/gateway.gwbk"], (await BackUpAsync(id, "after")).Keys);
        Assert.Empty(Directory.EnumerateFileSystemEntries(gateway.At("data/edgebackup")));
    }

    [SshFact]
    public async Task An_Ignition_restore_that_changed_nothing_restarts_nothing_and_a_stale_archive_is_no_export()
    {
        var (gateway, id, hasty) = await MakeIgnitionAsync();
        await BackUpAsync(id, "before");

        // The gateway cannot be exported just before it is changed.
        gateway.Write("../full", "");
        Assert.Equal(ErrorIds.RestoreFailed, (await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync("before", hasty))).ErrorId);
        Assert.DoesNotContain(gateway.Log, line => line is "gwcmd --restart" or "gwcmd --restore");
        File.Delete(gateway.At("../full"));

        // Only the very archive that was sent stands for an export, and only where the mark is its own.
        gateway.Write("data/edgebackup/gateway.gwbk", "an old export\n");
        gateway.Write("data/edgebackup/restored", new string('0', 64) + "  gateway.gwbk\n");
        var exports = gateway.Log.Count(line => line == "gwcmd -b");
        await BackUpAsync(id, "after");
        Assert.Equal(exports + 1, gateway.Log.Count(line => line == "gwcmd -b"));
        Assert.Empty(bench.Observer.Warnings);
    }

    [SshFact]
    public async Task A_type_is_tried_on_a_device_without_a_trace()
    {
        var gateway = new StandIn(server, "ignition");
        var type = DeviceTypeCatalog.BuiltIn.Get("ignition")!.Type;
        var before = Directory.EnumerateFileSystemEntries(gateway.Parent, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToList();
        var trial = await new TryDeviceType(new StandInConnections(server)).RunAsync(
            new ConnectionOptions { Address = gateway.Address, Type = type.Id, Id = "machine" }, type, (_, _) => Task.FromResult<DeviceType?>(null), default);
        Assert.Equal(("depot-scada", "8.1.44"), (trial.Identity.Name, trial.Identity.Version));
        Assert.Empty(trial.Items);
        Assert.Equal(["data/edgebackup/gateway.gwbk"], trial.UnusedRules);
        Assert.Equal(
            ["The commands of 'beforeCapture' were not run; what they make is not in the list. They must make 'data/edgebackup/gateway.gwbk', which is required."],
            trial.Warnings.Where(warning => !warning.Contains("identity.id", StringComparison.Ordinal)));
        Assert.Equal(before, Directory.EnumerateFileSystemEntries(gateway.Parent, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal));

        var router = new StandIn(server, "home-assistant");
        type = DeviceTypeCatalog.BuiltIn.Get("home-assistant")!.Type;
        trial = await new TryDeviceType(new StandInConnections(server)).RunAsync(
            new ConnectionOptions { Address = router.Address, Type = type.Id }, type, (_, _) => Task.FromResult<DeviceType?>(null), default);
        Assert.Contains(trial.Items, item => item is { Item.Path: "configuration.yaml", Rule: "configuration.yaml", LeftOut: null });
        Assert.Contains(trial.Items, item => item is { Item.Path: "automations.yaml", Rule: null, LeftOut: null });
        Assert.Contains(trial.Items, item => item is { Item.Path: "backups/4f2a1c9e.tar", Rule: "backups/**", LeftOut: not null });
        Assert.Contains(trial.Items, item => item is { Item: { Path: "home-assistant_v2.db", Kind: ItemKind.History }, LeftOut: null });
        Assert.Contains("OZW_Log.txt", trial.UnusedRules);
        Assert.Empty(trial.Warnings);
    }

    [SshFact]
    public async Task A_Linux_machine_is_saved_from_the_folder_of_its_address_and_keeps_its_identity()
    {
        var machine = new StandIn(server, "linux");
        var id = await RegisterMachineAsync(machine, "linux");
        var items = await BackUpAsync(id, "before");
        Assert.Equal(["etc/app.conf", "etc/ssh/ssh_host_ed25519_key", "etc/ssh/sshd_config"], items.Keys);
        Assert.Equal(ItemKind.Identity, items["etc/ssh/ssh_host_ed25519_key"]);
    }

    [SshFact]
    public async Task What_is_run_on_a_device_to_compare_it_is_warned_of()
    {
        var gateway = new StandIn(server, "ignition");
        var id = await RegisterMachineAsync(gateway, "ignition");
        await BackUpAsync(id, "before");
        await CompareAsync();
        Assert.Equal(["gwcmd -b", "gwcmd -b"], gateway.Log);
        Assert.Contains("'ignition' runs commands on the device", Assert.Single(bench.Observer.Warnings), StringComparison.Ordinal);

        async Task CompareAsync()
        {
            await foreach (var found in new CompareBackups(context, bench.Observer).RunAsync(new CompareOptions { Reference = "before", Device = id }, default))
            {
                Assert.Equal("data/edgebackup/gateway.gwbk", found.Path);
            }
        }
    }

    private async Task<(StandIn Gateway, string Id, RepositoryContext Hasty)> MakeIgnitionAsync()
    {
        var gateway = new StandIn(server, "ignition");
        return (gateway, await RegisterMachineAsync(gateway, "ignition"), await bench.OpenAsync("admin", new StandInConnections(server, TimeSpan.FromMilliseconds(200))));
    }

    private async Task RegisterAsync(StandIn device, string type, string id, string name, string version)
    {
        Assert.Equal(id, await new RegisterDevice(context, bench.Observer).RunAsync(new RegisterDeviceOptions { Address = device.Address, Type = type }, default));
        var registration = (await context.Devices.GetAsync(id, default)).Registration!;
        Assert.Equal((type, name, version), (registration.Type, registration.Name, registration.Version));
    }

    /// <summary>The id is that of the machine on which the tests run, where it has one.</summary>
    private Task<string> RegisterMachineAsync(StandIn device, string type) => new RegisterDevice(context, bench.Observer).RunAsync(
        new RegisterDeviceOptions { Address = device.Address, Type = type, Id = File.Exists("/etc/machine-id") && File.ReadAllText("/etc/machine-id").Trim().Length > 0 ? null : "machine" }, default);

    private async Task<DeviceStatus> LookAsync(StandIn device, string type)
    {
        await using var connection = context.Connections.Connect(new ConnectionOptions { Address = device.Address, Type = type, Definition = DeviceTypeCatalog.BuiltIn.Get(type)!.Type });
        return await connection.GetStatusAsync(default);
    }

    private async Task<SortedDictionary<string, ItemKind>> BackUpAsync(string device, string name, BackupContent content = BackupContent.Configuration)
    {
        var outcome = (await bench.BackUpAsync([device], new TakeBackupOptions { Kind = BackupKind.Manual, Name = name, Content = content }, context)).Single();
        var backup = (outcome.Backup ?? throw outcome.Error!).Backup;
        var record = await context.Repository.ReadBackupAsync(backup.ObjectName, default);
        var items = new SortedDictionary<string, ItemKind>(StringComparer.Ordinal);
        await foreach (var saved in context.Repository.ReadItemsAsync(record, default))
        {
            if (!saved.Item.IsContainer)
            {
                items.Add(saved.Item.Path, saved.Item.Kind);
            }
        }

        return items;
    }

    private async Task<EdgeBackupException> TryBackUpAsync(string device, string name) =>
        Assert.IsType<EdgeBackupException>((await bench.BackUpAsync([device], new TakeBackupOptions { Kind = BackupKind.Manual, Name = name }, context)).Single().Error);

    private Task<RestoreResult> RestoreAsync(string name, RepositoryContext? other = null) => new RestoreBackup(other ?? context, bench.Observer).RunAsync(new RestoreOptions { Backup = name }, default);
}
