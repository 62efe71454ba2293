using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>Turns what ssh says into errors that name the device and say what to do next.</summary>
internal sealed class SshErrors(ConnectionOptions options, SshAddress address)
{
    private const int LongestDetail = 300;

    private static readonly string[] HostKeyWords = ["REMOTE HOST IDENTIFICATION HAS CHANGED", "Host key verification failed", "host key is known for"];

    private static readonly string[] RefusalWords =
    [
        "Permission denied (", "Too many authentication failures", "UNPROTECTED PRIVATE KEY FILE", "no mutual signature algorithm", "Authentication failed",
        "Load key ", "sign_and_send_pubkey", "Permission denied, please try again",
    ];

    /// <summary>What the user calls the device.</summary>
    public string Device => options.Id ?? options.Address.Text;

    public EdgeBackupException Create(string errorId, string whatAndNext, Exception? inner = null) =>
        new(errorId, $"Device '{Device}': {whatAndNext}.", Device, inner);

    /// <summary>ssh ended without the device having been reached.</summary>
    /// <param name="exitCode">Its exit code.</param>
    /// <param name="words">What it wrote to standard error.</param>
    public EdgeBackupException NotConnected(int exitCode, string words)
    {
        if (words.Contains(HostKeyWords[0], StringComparison.OrdinalIgnoreCase))
        {
            return Create(
                ErrorIds.DeviceAuthenticationFailed,
                $"{options.Address.Text} shows another host key than the one that this machine knows. Either the device was set up anew, or somebody else answers in its place: nothing was sent. If you know why it changed, remove the old key with ssh-keygen -R {KnownHostsName} and take up the new one");
        }

        if (Has(words, HostKeyWords))
        {
            return Create(
                ErrorIds.DeviceAuthenticationFailed,
                $"the host key of {options.Address.Text} is not known on this machine. Connect once with ssh and compare its fingerprint, or register the device with -HostKeyPolicy AcceptNew to take the first key on trust");
        }

        if (Has(words, RefusalWords))
        {
            return Create(
                ErrorIds.DeviceAuthenticationFailed,
                $"it did not let the user {address.User ?? "of the ssh configuration"} in{Detail(words)}. {KeyAdvice()}");
        }

        const int ownTrouble = 255;
        return exitCode == ownTrouble
            ? Create(
                ErrorIds.DeviceUnreachable,
                $"{options.Address.Text} cannot be reached by ssh{Detail(words)}. Check that it is switched on, the address, the network and, where there is one, the ssh configuration")
            : Invalid($"{options.Address.Text} let us in and ended the conversation at once with exit code {exitCode}{Detail(words)}");
    }

    public EdgeBackupException Silent(string doing) => Create(
        ErrorIds.DeviceUnreachable,
        $"{options.Address.Text} fell silent while {doing}, and was given up. Check the device and the network, then try again");

    /// <summary>The connection broke after the device had answered.</summary>
    public EdgeBackupException Cut(string doing, string words) => Create(
        ErrorIds.DeviceUnreachable,
        $"the connection to {options.Address.Text} was cut while {doing}{Detail(words)}. Check the device and the network, then try again");

    public EdgeBackupException Invalid(string what, Exception? inner = null) => Create(
        ErrorIds.DeviceResponseInvalid,
        $"{what}. Check the address and that a POSIX shell with find, tar and either stat or ls answers there",
        inner);

    /// <summary>The last thing that was said, as it fits into a sentence; empty where nothing was.</summary>
    public static string Detail(string words)
    {
        // GNU tar's last line only says that there were others.
        var line = words.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .LastOrDefault(text => text.Any(char.IsLetterOrDigit) && !text.Contains("Exiting with failure status", StringComparison.Ordinal));
        if (line is null)
        {
            return "";
        }

        line = new string([.. line.Select(character => char.IsControl(character) ? ' ' : character)]).Trim().TrimEnd('.');
        return $" ({(line.Length > LongestDetail ? line[..LongestDetail] + "…" : line)})";
    }

    private string KnownHostsName => address.Port is { } port and not 22 ? $"'[{address.Host}]:{port}'" : address.Host;

    private string KeyAdvice() => options.KeyFilePath is { } key
        ? $"Put the public half of '{key}' into the user's authorized_keys on the device; a key with a passphrase must be in the ssh agent"
        : "Put a key of this user into the user's authorized_keys on the device, load it into the ssh agent, or name one with Set-EdgeDevice -KeyFilePath";

    private static bool Has(string words, string[] signs) => signs.Any(sign => words.Contains(sign, StringComparison.OrdinalIgnoreCase));
}
