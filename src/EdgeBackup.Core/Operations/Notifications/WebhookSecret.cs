using System.Security.Cryptography;
using System.Text;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Operations.Notifications;

/// <summary>
/// The key of a webhook and the signatures it makes, as the Standard Webhooks specification has them
/// (https://github.com/standard-webhooks/standard-webhooks): 24 to 64 bytes, written as <c>whsec_</c> and base64.
/// </summary>
public static class WebhookSecret
{
    private const string Prefix = "whsec_";
    private const int Shortest = 24;
    private const int Longest = 64;
    private const int NewLength = 32;

    /// <summary>Makes a new one.</summary>
    internal static string Create(IRandomSource random)
    {
        var bytes = new byte[NewLength];
        random.Fill(bytes);
        return Prefix + Convert.ToBase64String(bytes);
    }

    /// <summary>Brings a secret that somebody gave into its usual form.</summary>
    /// <exception cref="EdgeBackupException">NotificationInvalid: it is none.</exception>
    internal static string Normalize(string secret)
    {
        var text = secret.StartsWith(Prefix, StringComparison.Ordinal) ? secret[Prefix.Length..] : secret;
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) && length is >= Shortest and <= Longest
            ? Prefix + Convert.ToBase64String(bytes, 0, length)
            : throw new EdgeBackupException(ErrorIds.NotificationInvalid, $"The secret is not one for webhooks: it must be base64 of {Shortest} to {Longest} bytes, with or without '{Prefix}' before it. Leave -Secret out, and one is made.");
    }

    /// <summary>The header <c>webhook-signature</c> of a message.</summary>
    /// <param name="secret">In its usual form.</param>
    /// <param name="id">The message's id.</param>
    /// <param name="timestamp">Seconds since 1970 at which it is sent.</param>
    /// <param name="body">As it is sent.</param>
    public static string Sign(string secret, string id, string timestamp, ReadOnlySpan<byte> body)
    {
        ArgumentNullException.ThrowIfNull(secret);
        byte[] signed = [.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body];
        return "v1," + Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(secret[Prefix.Length..]), signed));
    }
}
