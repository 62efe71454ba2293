using System.Runtime.InteropServices;
using System.Security;

namespace EdgeBackup.PowerShell.Session;

/// <summary>Takes secrets out of what PowerShell keeps them in.</summary>
internal static class SecretText
{
    /// <summary>The text of a secure string; null for none, empty for an empty one.</summary>
    public static string? Read(SecureString? secret)
    {
        if (secret is null)
        {
            return null;
        }

        var copy = Marshal.SecureStringToGlobalAllocUnicode(secret);
        try
        {
            return Marshal.PtrToStringUni(copy, secret.Length);
        }
        finally
        {
            Marshal.ZeroFreeGlobalAllocUnicode(copy);
        }
    }
}
