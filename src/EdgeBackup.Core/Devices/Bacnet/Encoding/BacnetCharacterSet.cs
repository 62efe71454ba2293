using System.Text;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>The byte before a character string's characters (clause 20.2.9).</summary>
public enum BacnetCharacterSet : byte
{
    Utf8 = 0,
    Dbcs = 1,
    JisX0208 = 2,
    Ucs4 = 3,
    Ucs2 = 4,
    Iso8859 = 5,
}

/// <summary>Reads the character sets that devices in use send.</summary>
internal static class BacnetText
{
    /// <param name="content">The character set's byte and the characters.</param>
    /// <param name="text">Malformed characters become U+FFFD: a name with one wrong byte is better than none.</param>
    /// <param name="fault">Why there is none.</param>
    public static bool TryDecode(ReadOnlySpan<byte> content, out string text, out string? fault)
    {
        text = "";
        fault = null;
        if (content.IsEmpty)
        {
            fault = "a character string without a character set";
            return false;
        }

        var characters = content[1..];
        switch ((BacnetCharacterSet)content[0])
        {
            case BacnetCharacterSet.Utf8:
                text = Encoding.UTF8.GetString(characters);
                return true;
            case BacnetCharacterSet.Ucs2 when characters.Length % 2 == 0:
                text = Encoding.BigEndianUnicode.GetString(characters);
                return true;
            case BacnetCharacterSet.Iso8859:
                text = Encoding.Latin1.GetString(characters);
                return true;
            case BacnetCharacterSet.Ucs2:
                fault = "a character string in UCS-2 with half a character at its end";
                return false;
            case BacnetCharacterSet.Dbcs:
                fault = "a character string in the character set DBCS (1), which is not read";
                return false;
            case BacnetCharacterSet.JisX0208:
                fault = "a character string in the character set JIS X 0208 (2), which is not read";
                return false;
            case BacnetCharacterSet.Ucs4:
                fault = "a character string in the character set UCS-4 (3), which is not read";
                return false;
            default:
                fault = $"a character string in the unknown character set {content[0]}";
                return false;
        }
    }
}
