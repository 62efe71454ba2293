using EdgeBackup.Core.Tests.Repository;

namespace EdgeBackup.Core.Tests.Durability.Damage;

/// <summary>What can happen to bytes on a disk.</summary>
internal enum Mishap
{
    FlippedBit,
    ChangedByte,
    Overwritten,
    Zeroed,
    Truncated,
    Emptied,
    Extended,
    Removed,
    Duplicated,
    Swapped,
}

/// <summary>A mishap that was let happen.</summary>
/// <param name="Objects">The names of the objects that are not what was written under these names.</param>
/// <param name="Description">For the message of a failure.</param>
/// <param name="Undo">Puts the files back.</param>
internal sealed record Happened(IReadOnlyList<string> Objects, string Description, Action Undo);

/// <summary>Breaks a repository in a folder.</summary>
/// <param name="folder">The repository.</param>
/// <param name="random">What happens, where.</param>
internal sealed class Vandal(string folder, Random random)
{
    /// <summary>The objects that verification answers for: all but leases.</summary>
    public List<string> Objects { get; } =
        [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(folder, file).Replace('\\', '/'))
            .Where(name => !name.StartsWith("leases/", StringComparison.Ordinal) && !name.StartsWith("tmp/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)];

    public Happened Break(Mishap mishap, string name)
    {
        var path = PathOf(name);
        var before = File.ReadAllBytes(path);
        switch (mishap)
        {
            case Mishap.Removed:
                File.Delete(path);
                return new Happened([name], $"{name} was removed", () => File.WriteAllBytes(path, before));
            case Mishap.Duplicated:
                return Duplicate(name, before);
            case Mishap.Swapped:
                return Swap(name, before);
            default:
                var (after, description) = Change(mishap, before);
                File.WriteAllBytes(path, after);
                return new Happened([name], $"{name}: {description}", () => File.WriteAllBytes(path, before));
        }
    }

    private (byte[] After, string Description) Change(Mishap mishap, byte[] before)
    {
        var after = (byte[])before.Clone();
        var position = random.Next(before.Length);
        switch (mishap)
        {
            case Mishap.FlippedBit:
                after[position] ^= (byte)(1 << random.Next(8));
                return (after, $"a bit of byte {position} was flipped");
            case Mishap.ChangedByte:
                after[position] ^= (byte)random.Next(1, 256);
                return (after, $"byte {position} was changed");
            case Mishap.Overwritten:
                var length = Math.Min(after.Length - position, random.Next(1, 600));
                random.NextBytes(after.AsSpan(position, length));
                after[position] = (byte)~before[position];
                return (after, $"{length} bytes from {position} on were overwritten");
            case Mishap.Zeroed:
                // A sector that was never written reads as zeros; one whose bytes were zeros already is no damage.
                position = Array.FindIndex(after, position, value => value != 0) is var found && found < 0 ? Array.FindIndex(after, value => value != 0) : found;
                after.AsSpan(position, Math.Min(after.Length - position, random.Next(1, 600))).Clear();
                return (after, $"bytes from {position} on became zeros");
            case Mishap.Truncated:
                return (after[..position], $"it was cut to {position} of {before.Length} bytes");
            case Mishap.Emptied:
                return ([], "it was emptied");
            case Mishap.Extended:
                return ([.. after, .. Bench.RandomBytes(random.Next(), random.Next(1, 40))], "bytes were put behind it");
            default:
                throw new ArgumentOutOfRangeException(nameof(mishap));
        }
    }

    /// <summary>A copy under the name of an object of the same kind that does not exist.</summary>
    private Happened Duplicate(string name, byte[] content)
    {
        var copy = ToOtherName(name);
        var path = PathOf(copy);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return new Happened([copy], $"{name} was copied to {copy}", () => File.Delete(path));
    }

    private Happened Swap(string name, byte[] content)
    {
        var area = name.Split('/')[0];
        var others = Objects.Where(other => other != name && other.Split('/')[0] == area).ToList();
        var other = others.Count > 0 ? others[random.Next(others.Count)] : Objects.First(candidate => candidate != name);
        var (path, otherPath) = (PathOf(name), PathOf(other));
        var otherContent = File.ReadAllBytes(otherPath);
        File.WriteAllBytes(path, otherContent);
        File.WriteAllBytes(otherPath, content);
        return new Happened([name, other], $"{name} and {other} were exchanged", () =>
        {
            File.WriteAllBytes(path, content);
            File.WriteAllBytes(otherPath, otherContent);
        });
    }

    private string ToOtherName(string name)
    {
        if (name == "repository.json")
        {
            return "keys/0123456789abcdef.json";
        }

        // Another last digit, and for a pack its folder with it.
        var characters = name.ToCharArray();
        var position = Array.FindLastIndex(characters, char.IsAsciiHexDigitLower);
        position = name.EndsWith(".json", StringComparison.Ordinal) ? name.Length - ".json".Length - 1 : position;
        for (var digit = 0; digit < 16; digit++)
        {
            characters[position] = "0123456789abcdef"[digit];
            if (!Objects.Contains(new string(characters)))
            {
                break;
            }
        }

        return new string(characters);
    }

    private string PathOf(string name) => Path.Combine(folder, name.Replace('/', Path.DirectorySeparatorChar));
}
