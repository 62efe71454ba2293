using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Ssh;
using EdgeBackup.Core.Tests.Devices.Ssh;

namespace EdgeBackup.Core.Tests.Devices.Types;

/// <summary>
/// A real product as far as its documented interface goes: a tree of files, and programs that answer as the product's own
/// do, first on the session's PATH of a real sshd. The programs write what was asked of them down beside the tree.
/// </summary>
internal sealed class StandIn
{
    private static readonly string Source = Path.Combine(Path.GetDirectoryName(TypeFiles.Folder)!, "StandIns");

    private readonly SshServer server;

    public StandIn(SshServer server, string product)
    {
        this.server = server;
        Parent = server.NewFolder();
        Root = Path.Combine(Parent, "root");
        Copy(Path.Combine(Source, product, "root"), Root);
        if (Directory.Exists(Path.Combine(Source, product, "programs")))
        {
            foreach (var program in Directory.EnumerateFiles(Path.Combine(Source, product, "programs")))
            {
                server.WriteProgram(Path.GetFileName(program), File.ReadAllText(program).ReplaceLineEndings("\n"));
            }
        }

        Programs.GiveTo(Parent, SshUser.Current.Id);
    }

    /// <summary>Where the programs keep what they know.</summary>
    public string Parent { get; }

    public string Root { get; }

    public DeviceAddress Address => server.Options(Root).Address;

    /// <summary>What was run on the device, save what only looks.</summary>
    public IReadOnlyList<string> Log => File.Exists(At("../commands.log")) ? File.ReadAllLines(At("../commands.log")) : [];

    public string At(string path) => Path.GetFullPath(Path.Combine(Root, path));

    public string Read(string path) => File.ReadAllText(At(path));

    public void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.WriteAllText(At(path), text);
        Programs.GiveTo(Parent, SshUser.Current.Id);
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.WriteAllText(target, File.ReadAllText(file).ReplaceLineEndings("\n"));
            if ((Path.GetFileName(file).StartsWith("rc.", StringComparison.Ordinal) || Path.GetExtension(file) == ".sh") && !OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(target, (UnixFileMode)0x1ED);
            }
        }
    }
}

/// <summary>Connections to the stand-ins of a server.</summary>
/// <param name="server">The sshd.</param>
/// <param name="waitUpTo">How long a type's check after a restore may take; null for as long as the type says.</param>
internal sealed class StandInConnections(SshServer server, TimeSpan? waitUpTo = null) : IConnectionFactory
{
    public IDeviceConnection Connect(ConnectionOptions options) =>
        new SshDeviceConnection(options with { KeyFilePath = server.At("user"), Definition = Hasten(options.Definition) }, TimeProvider.System, server.Settings());

    private DeviceType? Hasten(DeviceType? type) =>
        waitUpTo is { } limit && type?.Check is { } check ? type with { Check = check with { WaitUpTo = limit, Interval = limit } } : type;
}
