using System.Management.Automation;
using EdgeBackup.Core.Operations.SystemSchedules;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;
using EdgeBackup.PowerShell.Session;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Lets the operating system run Invoke-EdgeBackupSchedule again and again.</summary>
[Cmdlet(VerbsLifecycle.Register, "EdgeBackupSchedule", SupportsShouldProcess = true, DefaultParameterSetName = OwnSet)]
[OutputType(typeof(ScheduleInfo))]
public sealed class RegisterEdgeBackupScheduleCommand : EdgeRepositoryCommand
{
    private const string OwnSet = "Own";
    private const string CredentialSet = "Credential";
    private const string ServiceAccountSet = "ServiceAccount";
    private const string UserSet = "User";

    /// <summary>Its name.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "EdgeBackup";

    /// <summary>How often it runs.</summary>
    [Parameter(Position = 1)]
    public TimeSpan Every { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>A time of day at which a run begins.</summary>
    [Parameter]
    public TimeSpan At { get; set; }

    /// <summary>Each run begins up to this much later.</summary>
    [Parameter]
    public TimeSpan RandomDelay { get; set; }

    /// <summary>A run that takes longer is ended.</summary>
    [Parameter]
    public TimeSpan TimeLimit { get; set; } = TimeSpan.FromHours(6);

    /// <summary>Ids of devices; wildcards are resolved when it runs. Without it, all that are in service then.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DeviceIdCompleter))]
    public string[] Device { get; set; } = [];

    /// <summary>How long busy devices are watched in each run.</summary>
    [Parameter]
    public TimeSpan? WatchFor { get; set; }

    /// <summary>Devices that are read at once, over all.</summary>
    [Parameter]
    [ValidateRange(1, 128)]
    public int? ThrottleLimit { get; set; }

    /// <summary>Devices that are read at once at one site, or behind one address.</summary>
    [Parameter]
    [ValidateRange(1, 128)]
    public int? SiteThrottleLimit { get; set; }

    /// <summary>Which scheduler; without it, the one that this system has.</summary>
    [Parameter]
    public ScheduleMethod? Method { get; set; }

    /// <summary>Whether it is this user's or the computer's.</summary>
    [Parameter]
    public ScheduleScope? Scope { get; set; }

    /// <summary>The Windows account it runs as, with its password.</summary>
    [Parameter(Mandatory = true, ParameterSetName = CredentialSet)]
    public PSCredential? Credential { get; set; }

    /// <summary>The group managed service account it runs as.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ServiceAccountSet)]
    [ValidatePattern(@"\$$")]
    public string? ServiceAccount { get; set; }

    /// <summary>The Linux account it runs as.</summary>
    [Parameter(Mandatory = true, ParameterSetName = UserSet)]
    [ValidateNotNullOrEmpty]
    public string? User { get; set; }

    /// <summary>A key file that opens the repository, where the account has none of its own.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? KeyFile { get; set; }

    /// <summary>The program pwsh.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? PowerShellPath { get; set; }

    /// <summary>Replaces a schedule of the same name.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        RequireSystem();
        var schedulers = ScheduleSurroundings.Schedulers(SessionState);
        var (locations, environment, connections, author) = RepositorySession.Surroundings();
        var options = new RegisterScheduleOptions
        {
            Name = Name,
            Every = Every,
            At = At,
            RandomDelay = RandomDelay,
            TimeLimit = TimeLimit,
            Method = Method?.ToCore(),
            Scope = Scope?.ToCore(),
            Account = Account(),
            Force = Force,
            Command = new ScheduleCommand
            {
                PowerShell = PowerShellPath is null ? ScheduleSurroundings.FindPowerShell(SessionState) : ResolvePath(PowerShellPath),
                Module = Path.Combine(MyInvocation.MyCommand.Module!.ModuleBase is var folder && Path.GetFileName(folder) == "bin" ? Path.GetDirectoryName(folder)! : folder, "EdgeBackup.psd1"),
                Repository = RepositoryPath ?? RepositorySession.Current.DefaultPath,
                KeyFile = KeyFile is null ? null : ResolvePath(KeyFile),
                Devices = Device,
                WatchFor = WatchFor,
                ThrottleLimit = ThrottleLimit,
                SiteThrottleLimit = SiteThrottleLimit,
            },
        };
        var deed = Deed;
        Run(
            async (writer, cancellationToken) =>
            {
                var pipeline = new OperationPipeline(writer);
                var operation = new RegisterSchedule(schedulers, locations, environment, connections, pipeline.Observer);
                var plan = await operation.PlanAsync(options, cancellationToken).ConfigureAwait(false);
                foreach (var warning in plan.Warnings)
                {
                    writer.Warning(warning);
                }

                if (await pipeline.AskAsync(() => Ask(plan)).ConfigureAwait(false))
                {
                    var made = await operation.RunAsync(plan, cancellationToken).ConfigureAwait(false);
                    await new NoteSchedule(locations, environment, author, deed, pipeline.Observer).RegisteredAsync(made).ConfigureAwait(false);
                    await pipeline.WriteAsync(ScheduleInfo.From(made)).ConfigureAwait(false);
                }
            },
            Name);
    }

    /// <summary>With -WhatIf, what would be made is shown to the letter.</summary>
    private bool Ask(SchedulePlan plan) => ShouldProcess(
        string.Join(Environment.NewLine, plan.Texts.Select(text => $"{text.Place} would be:{Environment.NewLine}{text.Text}")),
        $"Register the schedule '{Name}' in {string.Join(" and ", plan.Texts.Select(text => text.Place))}?",
        "Register a schedule");

    private void RequireSystem()
    {
        if (OperatingSystem.IsWindows() ? ParameterSetName == UserSet : ParameterSetName is CredentialSet or ServiceAccountSet)
        {
            throw new PSArgumentException(OperatingSystem.IsWindows()
                ? "-User is for Linux. On Windows give the account with -Credential or -ServiceAccount."
                : "-Credential and -ServiceAccount are for Windows. Give the account with -User; root needs no password for it.");
        }

        if (WatchFor < TimeSpan.Zero)
        {
            throw new PSArgumentException($"-WatchFor must not be negative, and {WatchFor:c} is.");
        }
    }

    private ScheduleAccount Account() => ParameterSetName switch
    {
        CredentialSet => new ScheduleAccount(Credential!.UserName) { Password = SecretText.Read(Credential.Password) },
        ServiceAccountSet => new ScheduleAccount(ServiceAccount),
        UserSet when User != Environment.UserName => new ScheduleAccount(User),
        _ => new ScheduleAccount(null as string),
    };
}
