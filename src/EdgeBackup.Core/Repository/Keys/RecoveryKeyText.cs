using System.Security.Cryptography;
using System.Text;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Repository.Keys;

/// <summary>
/// A recovery key as people write it down: 20 bytes and 20 bits of checksum in Crockford's base 32, six groups of six.
/// Source of the alphabet: https://www.crockford.com/base32.html.
/// </summary>
internal static class RecoveryKeyText
{
    public const int KeySize = 20;

    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int KeyDigits = 32;
    private const int ChecksumDigits = 4;
    private const int Group = 6;

    public static string Format(ReadOnlySpan<byte> key)
    {
        var digits = Encode(key) + Checksum(key);
        return string.Join('-', digits.Chunk(Group).Select(group => new string(group)));
    }

    /// <exception cref="EdgeBackupException">RepositoryKeyWrong: a typing error, found by the checksum.</exception>
    public static byte[] Parse(string text)
    {
        var values = new List<int>();
        foreach (var character in text.ToUpperInvariant())
        {
            if (character is '-' or ' ' or '\t' or '\r' or '\n')
            {
                continue;
            }

            var read = character switch { 'O' => '0', 'I' or 'L' => '1', _ => character };
            var value = Alphabet.IndexOf(read, StringComparison.Ordinal);
            if (value < 0)
            {
                throw Mistyped($"it contains '{character}', which no recovery key does");
            }

            values.Add(value);
        }

        if (values.Count != KeyDigits + ChecksumDigits)
        {
            throw Mistyped($"it has {values.Count} letters and digits instead of {KeyDigits + ChecksumDigits}");
        }

        var key = new byte[KeySize];
        for (var digit = 0; digit < KeyDigits; digit++)
        {
            for (var bit = 0; bit < 5; bit++)
            {
                if ((values[digit] & (16 >> bit)) != 0)
                {
                    var position = (digit * 5) + bit;
                    key[position / 8] |= (byte)(128 >> (position % 8));
                }
            }
        }

        var checksum = string.Concat(values.Skip(KeyDigits).Select(value => Alphabet[value]));
        return checksum == Checksum(key) ? key : throw Mistyped("its check digits do not fit");
    }

    private static string Checksum(ReadOnlySpan<byte> key)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData([.. Encoding.ASCII.GetBytes("edgebackup recovery key"), .. key], hash);
        return Encode(hash[..5])[..ChecksumDigits];
    }

    /// <summary>Most significant bit first; the length in bits is a multiple of five.</summary>
    private static string Encode(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        for (var position = 0; position < bytes.Length * 8; position += 5)
        {
            var value = 0;
            for (var bit = position; bit < position + 5; bit++)
            {
                value = (value << 1) | ((bytes[bit / 8] >> (7 - (bit % 8))) & 1);
            }

            text.Append(Alphabet[value]);
        }

        return text.ToString();
    }

    private static EdgeBackupException Mistyped(string reason) => new(
        ErrorIds.RepositoryKeyWrong,
        $"The recovery key was not typed as it was shown: {reason}. Compare it with what was written down, group by group.");
}
