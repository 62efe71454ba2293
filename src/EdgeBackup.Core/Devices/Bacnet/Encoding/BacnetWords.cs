using System.Text;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>The standard's own spelling of what is named in enumerations: password-failure, start-backup.</summary>
public static class BacnetWords
{
    /// <returns>The name in small letters with hyphens; the number where there is no name.</returns>
    public static string Of<TEnum>(TEnum value)
        where TEnum : struct, Enum
    {
        var name = value.ToString();
        var text = new StringBuilder(name.Length + 8);
        foreach (var character in name)
        {
            if (char.IsAsciiLetterUpper(character) && text.Length > 0)
            {
                text.Append('-');
            }

            text.Append(char.ToLowerInvariant(character));
        }

        return text.ToString();
    }
}
