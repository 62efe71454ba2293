using System.Globalization;
using System.Net;
using System.Net.Sockets;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Ssh;
using EdgeBackup.Core.Errors;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Ssh;

/// <summary>What does not let us in, and what falls silent.</summary>
public sealed class SshErrorTests(SshServer server) : IClassFixture<SshServer>
{
    [SshFact]
    public async Task An_unknown_host_key_is_refused_and_nothing_is_written()
    {
        await using var device = new SshTestDevice(server) { KnownHosts = "no_hosts" };

        var error = await FailAsync(device);

        Assert.Equal(ErrorIds.DeviceAuthenticationFailed, error.ErrorId);
        Assert.Contains("AcceptNew", error.Message, StringComparison.Ordinal);
        Assert.Equal("", File.ReadAllText(server.At("no_hosts")));
    }

    [SshFact]
    public async Task Accept_new_takes_the_first_host_key_and_writes_it_down()
    {
        File.WriteAllText(server.At("new_hosts"), "");
        await using var device = new SshTestDevice(server)
        {
            KnownHosts = "new_hosts",
            Change = options => options with { HostKeyPolicy = HostKeyPolicy.AcceptNew },
        };
        await using var connection = device.Connect();

        Assert.Equal("device-1", (await connection.GetStatusAsync(CancellationToken.None)).Identity.Id);
        Assert.Contains("ssh-ed25519", File.ReadAllText(server.At("new_hosts")), StringComparison.Ordinal);
    }

    [SshTheory]
    [InlineData(HostKeyPolicy.Strict)]
    [InlineData(HostKeyPolicy.AcceptNew)]
    public async Task Another_host_key_than_the_known_one_is_refused_under_every_policy(HostKeyPolicy policy)
    {
        await using var device = new SshTestDevice(server) { KnownHosts = "wrong_hosts", Change = options => options with { HostKeyPolicy = policy } };

        var error = await FailAsync(device);

        Assert.Equal(ErrorIds.DeviceAuthenticationFailed, error.ErrorId);
        Assert.Contains("another host key", error.Message, StringComparison.Ordinal);
        Assert.Contains("ssh-keygen -R", error.Message, StringComparison.Ordinal);
    }

    [SshFact]
    public async Task A_key_that_the_device_does_not_know_is_an_authentication_failure()
    {
        await using var device = new SshTestDevice(server) { Change = options => options with { KeyFilePath = server.At("stranger") } };

        var error = await FailAsync(device);

        Assert.Equal(ErrorIds.DeviceAuthenticationFailed, error.ErrorId);
        Assert.Contains("authorized_keys", error.Message, StringComparison.Ordinal);
    }

    [SshFact]
    public async Task A_key_file_that_is_not_there_is_said_before_anything_is_tried()
    {
        await using var device = new SshTestDevice(server) { Change = options => options with { KeyFilePath = server.At("nowhere") } };

        var error = await FailAsync(device);

        Assert.Equal(ErrorIds.DeviceAuthenticationFailed, error.ErrorId);
        Assert.Contains(server.At("nowhere"), error.Message, StringComparison.Ordinal);
    }

    [SshFact]
    public async Task The_users_configuration_holds_with_its_aliases_keys_and_jump_hosts()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Id = "behind" });
        var configuration = server.At("client-with-jump");
        File.WriteAllText(configuration, $"""
            UserKnownHostsFile {server.At("known_hosts")}
            GlobalKnownHostsFile none
            IdentityAgent none
            IdentityFile {server.At("user")}
            User {SshUser.Current.Name}
            Port {server.Port}
            HostName 127.0.0.1
            Host behind-the-bastion
                ProxyJump bastion

            """);
        await using var connection = new SshDeviceConnection(
            new ConnectionOptions { Address = DeviceAddress.Parse($"ssh://behind-the-bastion{device.Root}", "/") },
            TimeProvider.System,
            new SshSettings { ConfigFile = configuration });

        Assert.Equal("behind", (await connection.GetStatusAsync(CancellationToken.None)).Identity.Id);
    }

    [SshFact]
    public async Task A_folder_that_is_not_there_is_unreachable()
    {
        await using var device = new SshTestDevice(server);
        await using var connection = new SshDeviceConnection(server.Options(device.Root + "-none"), TimeProvider.System, server.Settings());

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => connection.GetStatusAsync(CancellationToken.None));

        Assert.Equal(ErrorIds.DeviceUnreachable, error.ErrorId);
        Assert.Contains(device.Root + "-none", error.Message, StringComparison.Ordinal);
    }

    [SshFact]
    public async Task A_port_where_nobody_listens_is_unreachable()
    {
        // Bound and not listening: refused, and nobody else's meanwhile.
        using var reserved = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        reserved.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        var error = await FailAtAsync(((IPEndPoint)reserved.LocalEndPoint!).Port, new SshSettings());

        Assert.Equal(ErrorIds.DeviceUnreachable, error.ErrorId);
    }

    [SshFact]
    public async Task A_port_that_accepts_and_says_nothing_is_given_up()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();

        var error = await FailAtAsync(((IPEndPoint)silent.LocalEndpoint).Port, new SshSettings { ConnectTimeout = TimeSpan.FromSeconds(1) });

        Assert.Equal(ErrorIds.DeviceUnreachable, error.ErrorId);
    }

    [SshFact]
    public async Task Cancelling_ends_ssh_before_the_call_returns()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var process = server.At("pid-" + Guid.NewGuid().ToString("N"));
        var program = server.At("ssh-that-tells");
        Programs.WriteProgram(program, $"#!/bin/sh\necho $$ >{process}.part && mv {process}.part {process}\nexec ssh \"$@\"\n");
        using var cancellation = new CancellationTokenSource();
        await using var connection = Connect(((IPEndPoint)silent.LocalEndpoint).Port, new SshSettings { Program = program, ConnectTimeout = TimeSpan.FromMinutes(10) });

        var asking = connection.GetStatusAsync(cancellation.Token);
        await Wait.UntilAsync(() => File.Exists(process));
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        Assert.False(Directory.Exists("/proc/" + File.ReadAllText(process).Trim()));
    }

    [Fact]
    public async Task A_machine_without_ssh_says_what_to_install()
    {
        var error = await FailAtAsync(22, new SshSettings { Program = "no-such-ssh" });

        Assert.Equal(ErrorIds.DeviceUnreachable, error.ErrorId);
        Assert.Contains("OpenSSH", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ssh://-oProxyCommand=touch%20x/etc/a")]
    [InlineData("ssh://us%20er@host/etc/a")]
    [InlineData("ssh://-l@host/etc/a")]
    [InlineData("ssh://a%24(x)@host/etc/a")]
    [InlineData("ssh://host/etc/a%0Ab")]
    public void An_address_that_could_be_read_as_an_option_or_by_a_shell_is_refused(string text)
    {
        Exception? error = Record.Exception(() =>
        {
            var address = DeviceAddress.Parse(text, "/");
            _ = new SshDeviceConnection(new ConnectionOptions { Address = address }, TimeProvider.System);
        });

        Assert.True(error is EdgeBackupException { ErrorId: ErrorIds.DeviceUnreachable } or ArgumentException, error?.ToString() ?? "accepted");
    }

    [Fact]
    public void A_password_is_refused_for_ssh()
    {
        var options = new ConnectionOptions
        {
            Address = DeviceAddress.Parse("ssh://user@host/etc/a", "/"),
            Credential = new DeviceCredential { UserName = "user", Password = "secret" },
        };

        var error = Assert.Throws<EdgeBackupException>(() => new SshDeviceConnection(options, TimeProvider.System));

        Assert.Equal(ErrorIds.DeviceAuthenticationFailed, error.ErrorId);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => DeviceAddress.Parse("ssh://user:secret@host/etc/a", "/"));
    }

    [Fact]
    public void The_arguments_ask_nothing_share_nothing_and_keep_the_users_configuration()
    {
        var options = new ConnectionOptions { Address = DeviceAddress.Parse("ssh://admin@[fe80::1]:2222/etc/a%20b", "/"), KeyFilePath = "/keys/a b" };

        var arguments = SshArguments.Build(SshAddress.Of(options.Address), options, new SshSettings(), "command");

        Assert.Contains("BatchMode=yes", arguments);
        Assert.Contains("StrictHostKeyChecking=yes", arguments);
        Assert.Contains("ControlPath=none", arguments);
        Assert.Contains("/keys/a b", arguments);
        Assert.Equal(["-p", "2222", "-l", "admin", "--", "fe80::1", "command"], arguments.TakeLast(7));
        Assert.DoesNotContain("-F", arguments);
    }

    private static async Task<EdgeBackupException> FailAsync(SshTestDevice device)
    {
        await using var connection = device.Connect();
        return await Assert.ThrowsAsync<EdgeBackupException>(() => connection.GetStatusAsync(CancellationToken.None));
    }

    private static SshDeviceConnection Connect(int port, SshSettings settings) => new(
        new ConnectionOptions
        {
            Address = DeviceAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"ssh://user@127.0.0.1:{port}/etc/a"), "/"),
            SilenceLimit = TimeSpan.FromSeconds(3),
        },
        TimeProvider.System,
        settings);

    private static async Task<EdgeBackupException> FailAtAsync(int port, SshSettings settings)
    {
        await using var connection = Connect(port, settings);
        return await Assert.ThrowsAsync<EdgeBackupException>(() => connection.GetStatusAsync(CancellationToken.None));
    }
}
