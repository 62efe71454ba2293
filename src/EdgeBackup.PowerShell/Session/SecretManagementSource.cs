using System.Collections.Concurrent;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Security;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.PowerShell.Abstractions;

namespace EdgeBackup.PowerShell.Session;

/// <summary>
/// Fetches secrets with SecretManagement, for one command. Get-Secret runs on the pipeline's thread, in the session that
/// the user works in: there the vaults are registered and unlocked, and there a vault may ask for its password where
/// somebody can be asked. Devices wait for it side by side, and what one has fetched serves all of the command.
/// </summary>
/// <param name="cmdlet">Whose session it is.</param>
/// <param name="writer">Its pipeline.</param>
internal sealed class SecretManagementSource(PSCmdlet cmdlet, IPipelineWriter writer) : ISecretSource
{
    /// <summary>Qualified: a function of the same name shall not be handed the request.</summary>
    private const string Script = """
        param($Name, $Vault)
        $wanted = @{ Name = $Name; ErrorAction = 'Stop' }
        if ($Vault) { $wanted.Vault = $Vault }
        Microsoft.PowerShell.SecretManagement\Get-Secret @wanted
        """;

    private readonly ConcurrentDictionary<(string Name, string? Vault), Lazy<Task<Answer>>> answers = new();

    public async Task<DeviceCredential> GetAsync(DeviceSecretName secret, string device, CancellationToken cancellationToken)
    {
        var asked = answers.GetOrAdd((secret.Name, secret.Vault), _ => new Lazy<Task<Answer>>(() => writer.InvokeAsync(() => Ask(secret))));
        var answer = await asked.Value.WaitAsync(cancellationToken).ConfigureAwait(false);
        return (secret.Kind, answer.Value) switch
        {
            (_, null) => throw Unavailable(answer.Why ?? "SecretManagement gave nothing for it", answer.Error),
            (DeviceSecretKind.Credential, PSCredential credential) => new DeviceCredential { UserName = credential.UserName, Password = SecretText.Read(credential.Password) },
            (DeviceSecretKind.Token, SecureString token) => new DeviceCredential { Token = SecretText.Read(token) },
            (DeviceSecretKind.Token, string token) => new DeviceCredential { Token = token },
            (DeviceSecretKind.Credential, var other) => throw Unavailable($"it is a {other.GetType().Name} and not a PSCredential, as -CredentialSecret needs; a token is named with -TokenSecret", inner: null),
            (_, var other) => throw Unavailable($"it is a {other.GetType().Name} and neither a SecureString nor a String, as -TokenSecret needs; a user and password are named with -CredentialSecret", inner: null),
        };

        EdgeBackupException Unavailable(string why, Exception? inner) => new(
            ErrorIds.DeviceSecretUnavailable,
            $"The device '{device}' is reached with {secret} of SecretManagement, which could not be fetched: {why.TrimEnd('.')}. Try: Get-Secret -Name '{secret.Name}'{(secret.Vault is null ? "" : $" -Vault '{secret.Vault}'")}",
            device,
            inner);
    }

    /// <summary>On the pipeline's thread. What goes wrong is an answer: only what ends pipelines is thrown.</summary>
    private Answer Ask(DeviceSecretName secret)
    {
        try
        {
            var found = cmdlet.InvokeCommand.InvokeScript(Script, useNewScope: true, PipelineResultTypes.None, input: null, secret.Name, secret.Vault);
            return found switch
            {
                [] or [null] => new Answer(null, "there is no such secret", null),
                [var only] => new Answer(only.BaseObject, null, null),
                _ => new Answer(null, $"SecretManagement gave {found.Count} things for it, and one is needed", null),
            };
        }
        catch (CommandNotFoundException exception)
        {
            return new Answer(null, "the module Microsoft.PowerShell.SecretManagement is not there. Install it with: Install-PSResource Microsoft.PowerShell.SecretManagement", exception);
        }
        catch (Exception exception) when (exception is not (PipelineStoppedException or FlowControlException))
        {
            // -ErrorAction Stop of the script's own call arrives as the exception that elsewhere means the user's.
            var record = (exception as IContainsErrorRecord)?.ErrorRecord;
            return new Answer(null, record?.Exception?.Message ?? exception.Message, exception);
        }
    }

    private sealed record Answer(object? Value, string? Why, Exception? Error);
}
