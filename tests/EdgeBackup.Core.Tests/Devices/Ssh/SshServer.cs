using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Ssh;

namespace EdgeBackup.Core.Tests.Devices.Ssh;

/// <summary>
/// A real sshd on a free port of loopback, with keys and a configuration of its own in a temp folder. One serves all
/// tests of a class; each makes device folders of its own.
/// </summary>
public class SshServer : IDisposable
{
    private const string Daemon = "/usr/sbin/sshd";

    private static readonly TimeSpan StartTime = TimeSpan.FromMinutes(2);

    private readonly Process? daemon;
    private readonly List<string> log = [];

    public SshServer()
    {
        if (Missing is not null)
        {
            return;
        }

        Folder = Directory.CreateTempSubdirectory("edgebackup-sshd-").FullName;
        Programs.SetMode(Folder, 0x1ED);
        Programs.GiveTo(Folder, SshUser.Current.Id);
        foreach (var key in new[] { "host", "other-host", "user", "stranger" })
        {
            Programs.Run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", key, "-f", At(key));
        }

        File.Copy(At("user.pub"), At("authorized_keys"));
        Directory.CreateDirectory(At("bin"));
        Programs.SetMode(At("bin"), 0x1ED);
        Prepare();
        if (Programs.IsSuperuser)
        {
            Directory.CreateDirectory("/run/sshd");
        }

        daemon = Start();
        WriteKnownHost("known_hosts", "host");
        WriteKnownHost("wrong_hosts", "other-host");
        File.WriteAllText(At("no_hosts"), "");
    }

    /// <summary>Why there can be no sshd here; null where there can.</summary>
    public static string? Missing =>
        !OperatingSystem.IsLinux() ? "The sshd of the tests runs on Linux."
        : !File.Exists(Daemon) ? $"{Daemon} is missing: apt-get install openssh-server."
        : null;

    /// <summary>Everything of this server; the devices' folders too.</summary>
    public string Folder { get; } = "";

    public int Port { get; private set; }

    /// <summary>What the sessions' PATH is.</summary>
    protected virtual string SessionPath => $"{At("bin")}:/usr/local/bin:/usr/bin:/bin";

    /// <summary>More lines for sshd_config.</summary>
    protected virtual string MoreConfiguration => "";

    public string At(string name) => Path.Combine(Folder, name);

    /// <summary>Options that reach a folder on this server.</summary>
    public ConnectionOptions Options(string folder) => new()
    {
        Address = DeviceAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"ssh://{SshUser.Current.Name}@127.0.0.1:{Port}{folder}"), "/"),
        KeyFilePath = At("user"),
    };

    /// <summary>A client that knows this server and nothing of this machine's user.</summary>
    public SshSettings Settings(string knownHosts = "known_hosts")
    {
        var file = At($"client-{knownHosts}");
        File.WriteAllText(file, $"UserKnownHostsFile {At(knownHosts)}\nGlobalKnownHostsFile none\nIdentityAgent none\n");
        
        // Files made just now get a stamp, as if they had been made long ago.
        return new SshSettings { ConfigFile = file, StampMargin = TimeSpan.FromHours(-1) };
    }

    /// <summary>A new folder that belongs to the sessions' user.</summary>
    public string NewFolder()
    {
        var parent = Directory.CreateDirectory(At("d" + Guid.NewGuid().ToString("N"))).FullName;
        Programs.GiveTo(parent, SshUser.Current.Id);
        return parent;
    }

    /// <summary>Puts a program first in the sessions' PATH.</summary>
    public void WriteProgram(string name, string text) => Programs.WriteProgram(Path.Combine(At("bin"), name), text + "\n");

    /// <summary>The sshd processes of the sessions that are open: those that work for the user.</summary>
    public IReadOnlyList<int> Sessions() =>
        [.. Descendants(daemon!.Id).Where(id => Name(id).StartsWith("sshd", StringComparison.Ordinal))];

    /// <summary>Everything that runs below this sshd.</summary>
    public IReadOnlyList<int> Processes() => Descendants(daemon!.Id);

    /// <summary>Sends a signal to processes that this server started.</summary>
    public static void Signal(string signal, IEnumerable<int> processes)
    {
        foreach (var process in processes)
        {
            Programs.TryRun("kill", "-" + signal, process.ToString(CultureInfo.InvariantCulture));
        }
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (disposing && daemon is not null)
        {
            Signal("KILL", Processes());
            daemon.Kill(entireProcessTree: true);
            daemon.WaitForExit();
            daemon.Dispose();
            Programs.Run("rm", "-rf", Folder);
        }
    }

    /// <summary>Called before sshd starts.</summary>
    protected virtual void Prepare()
    {
    }

    private Process Start()
    {
        for (var attempt = 1; ; attempt++)
        {
            Port = FreePort();
            File.WriteAllText(At("sshd_config"), $"""
                Port {Port}
                ListenAddress 127.0.0.1
                HostKey {At("host")}
                PidFile none
                AuthorizedKeysFile {At("authorized_keys")}
                StrictModes no
                UsePAM no
                PasswordAuthentication no
                KbdInteractiveAuthentication no
                PrintMotd no
                MaxStartups 100
                MaxSessions 100
                LogLevel INFO
                SetEnv PATH={SessionPath}
                {MoreConfiguration}
                """);
            var process = Process.Start(new ProcessStartInfo(Daemon, ["-D", "-e", "-f", At("sshd_config")]) { RedirectStandardError = true })!;
            if (IsListening(process))
            {
                return process;
            }

            process.Kill();
            process.Dispose();
            if (attempt == 5)
            {
                throw new InvalidOperationException("sshd does not start: " + string.Join('\n', log));
            }
        }
    }

    private bool IsListening(Process process)
    {
        using var listening = new ManualResetEventSlim();
        process.ErrorDataReceived += (_, line) =>
        {
            lock (log)
            {
                log.Add(line.Data ?? "(end)");
            }

            if (line.Data?.Contains("Server listening", StringComparison.Ordinal) == true || line.Data is null)
            {
                try
                {
                    listening.Set();
                }
                catch (ObjectDisposedException)
                {
                    // The end of the daemon, long after.
                }
            }
        };
        process.BeginErrorReadLine();
        return listening.Wait(StartTime) && !process.WaitForExit(0);
    }

    private void WriteKnownHost(string file, string key) =>
        File.WriteAllText(At(file), string.Create(CultureInfo.InvariantCulture, $"[127.0.0.1]:{Port} {File.ReadAllText(At(key + ".pub"))}"));

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Name(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/comm").Trim();
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static List<int> Descendants(int process)
    {
        var parents = new Dictionary<int, int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            {
                continue;
            }

            try
            {
                // The name in brackets may hold anything; state and parent come behind it.
                var text = File.ReadAllText(Path.Combine(folder, "stat"));
                parents[id] = int.Parse(text[(text.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
            }
            catch (IOException)
            {
                // It has ended.
            }
        }

        var found = new List<int> { process };
        for (var index = 0; index < found.Count; index++)
        {
            found.AddRange(parents.Where(pair => pair.Value == found[index]).Select(pair => pair.Key));
        }

        found.RemoveAt(0);
        return found;
    }
}
