using System.Diagnostics;
using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EdgeBackup.Core.Archives;
using EdgeBackup.Core.Archives.Reading;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Archives;
using EdgeBackup.Core.Records;
using Xunit;

namespace EdgeBackup.Core.Tests.Archives;

/// <summary>Whatever somebody does to archives is noticed, with the repository and, save one thing, without.</summary>
public sealed class ArchiveTamperTests : IAsyncLifetime
{
    private ArchiveBench bench = null!;
    private List<ArchiveFolder> archives = [];

    public async Task InitializeAsync()
    {
        bench = await ArchiveBench.CreateAsync();
        for (var number = 0; number < 3; number++)
        {
            archives.Add(await bench.ArchiveAsync());
            bench.AddEvents(4);
        }
    }

    public async Task DisposeAsync() => await bench.DisposeAsync();

    private string In(int archive, string path) => Path.Combine(archives[archive].Path, path);

    [Theory]
    [InlineData("alter", "events.csv", "altered")]
    [InlineData("cut", "events.csv", "cut away")]
    [InlineData("append", "trends/supply.csv", "added")]
    [InlineData("delete", "trends/supply.csv", "missing")]
    [InlineData("reorder", "events.csv", "altered")]
    [InlineData("delete", "manifest.sig", "missing")]
    [InlineData("alter", "manifest.sig", "signature")]
    [InlineData("alter", "manifest.json", "altered", "manifest.sig")]
    [InlineData("delete", "manifest.json", "missing")]
    [InlineData("cut", "manifest.json", "cannot be read")]
    [InlineData("extra", "trends/more.csv", "does not belong")]
    public async Task Every_change_of_a_file_is_named(string deed, string file, string reason, string? named = null)
    {
        var path = In(0, file);
        var bytes = File.Exists(path) ? await File.ReadAllBytesAsync(path) : [];
        switch (deed)
        {
            case "alter":
                // A letter within a text, so that the manifest stays one.
                var place = file == "manifest.json" ? bytes.AsSpan().IndexOf("tester@bench"u8) : bytes.Length / 2;
                bytes[place] ^= 1;
                break;
            case "cut":
                bytes = bytes[..^10];
                break;
            case "append":
                bytes = [.. bytes, .. "2026-01-01T00:00:00Z,bms-1,supply,97,1,ok\n"u8];
                break;
            case "reorder":
                var lines = Encoding.UTF8.GetString(bytes).Split('\n');
                (lines[1], lines[2]) = (lines[2], lines[1]);
                bytes = Encoding.UTF8.GetBytes(string.Join('\n', lines));
                break;
            case "extra":
                bytes = [1];
                break;
        }

        if (deed == "delete")
        {
            File.Delete(path);
        }
        else
        {
            await File.WriteAllBytesAsync(path, bytes);
        }

        foreach (var withRepository in new[] { true, false })
        {
            var outcome = Assert.Single(await bench.TestAsync(archives[0].Path, withRepository));
            Assert.Contains(outcome.Damage, damage => damage.Path == (named ?? file) && damage.Reason.Contains(reason, StringComparison.Ordinal));
        }

        Assert.Contains(await bench.DamageAsync(), line => line.StartsWith(Path.GetFileName(archives[0].Path), StringComparison.Ordinal));
        if (deed != "extra")
        {
            Assert.Equal(ErrorIds.ArchiveDamaged, Assert.Throws<EdgeBackupException>(() => bench.Records()).ErrorId);
        }
    }

    [Fact]
    public async Task Files_that_changed_places_are_noticed()
    {
        File.Move(In(1, "events.csv"), In(1, "x"));
        File.Move(In(2, "events.csv"), In(1, "events.csv"));
        File.Move(In(1, "x"), In(2, "events.csv"));
        Assert.Equal(2, (await bench.DamageAsync(withRepository: false)).Count);
    }

    [Fact]
    public async Task A_missing_archive_is_noticed_wherever_it_stood()
    {
        Directory.Delete(archives[1].Path, recursive: true);
        Assert.Contains("the archive before it is missing: number 2", Assert.Single(await bench.DamageAsync(withRepository: false)), StringComparison.Ordinal);
        Assert.Contains("missing", Assert.Single(await bench.DamageAsync(withRepository: false, archives[2].Path)), StringComparison.Ordinal);
        Directory.Delete(archives[0].Path, recursive: true);
        Assert.Single(await bench.DamageAsync(withRepository: false));
    }

    [Fact]
    public async Task A_missing_newest_archive_is_noticed_with_the_repository_alone()
    {
        Directory.Delete(archives[2].Path, recursive: true);
        Assert.Empty(await bench.DamageAsync(withRepository: false));
        Assert.Contains("number 3", Assert.Single(await bench.DamageAsync()), StringComparison.Ordinal);
        foreach (var left in archives.Take(2))
        {
            Directory.Delete(left.Path, recursive: true);
        }

        // Even when none is left.
        Assert.Equal(3, (await bench.DamageAsync()).Count);
    }

    [Fact]
    public async Task An_archive_that_was_made_anew_with_another_key_is_noticed()
    {
        File.WriteAllText(In(1, "events.csv"), Encoding.UTF8.GetString(CsvColumns.EventHeader));
        var key = ArchiveSignature.CreateKey();
        var bytes = await File.ReadAllBytesAsync(In(1, "events.csv"));
        var forged = archives[1].Manifest with
        {
            PublicKey = ArchiveSignature.PublicKeyOf(key),
            Files = [archives[1].Manifest.Files[0] with { Records = 0, Length = bytes.Length, Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)) }, .. archives[1].Manifest.Files.Skip(1)],
        };
        var manifest = ManifestCodec.Serialize(forged);
        await File.WriteAllBytesAsync(In(1, "manifest.json"), manifest);
        await File.WriteAllBytesAsync(In(1, "manifest.sig"), ArchiveSignature.Sign(key, manifest));

        // By itself it is right; the one behind it tells.
        Assert.Contains(await bench.DamageAsync(withRepository: false), line => line.StartsWith(Path.GetFileName(archives[2].Path), StringComparison.Ordinal));
        Assert.Contains(await bench.DamageAsync(withRepository: true, archives[1].Path), line => line.Contains("forged", StringComparison.Ordinal));
        var known = archives[0].Fingerprint;
        Assert.NotEmpty(Assert.Single(await bench.TestAsync(archives[1].Path, withRepository: false, fingerprint: known)).Damage);
        Assert.Empty(Assert.Single(await bench.TestAsync(archives[0].Path, withRepository: false, fingerprint: known.ToUpperInvariant())).Damage);
    }

    [Theory]
    [InlineData("\"expired\": []", "\"expired\": [null]")]
    [InlineData("\"expired\": []", "\"expired\": [{\"number\": 1}]")]
    [InlineData("\"gaps\": []", "\"gaps\": [null]")]
    [InlineData("\"device\": \"bms-1\"", "\"device\": \"\\nkey\"")]
    public async Task A_manifest_made_to_trip_a_test_is_damaged_and_keeps_nothing_else_from_being_tested(string from, string to)
    {
        var hostile = bench.Operations.Path("archives", "hostile");
        Copy(archives[2].Path, hostile);
        var key = ArchiveSignature.CreateKey();
        var text = await File.ReadAllTextAsync(Path.Combine(hostile, "manifest.json"));
        text = text.Replace(JsonEncodedText.Encode(archives[2].Manifest.PublicKey).ToString(), JsonEncodedText.Encode(ArchiveSignature.PublicKeyOf(key)).ToString(), StringComparison.Ordinal);
        var manifest = Encoding.UTF8.GetBytes(text.Replace(from, to, StringComparison.Ordinal));
        Assert.DoesNotContain(from, Encoding.UTF8.GetString(manifest), StringComparison.Ordinal);
        await File.WriteAllBytesAsync(Path.Combine(hostile, "manifest.json"), manifest);
        await File.WriteAllBytesAsync(Path.Combine(hostile, "manifest.sig"), ArchiveSignature.Sign(key, manifest));

        foreach (var withRepository in new[] { true, false })
        {
            var outcomes = await bench.TestAsync(withRepository: withRepository);
            Assert.Equal(4, outcomes.Count);
            Assert.Equal(hostile, Assert.Single(outcomes, outcome => outcome.Damage.Count > 0).Path);
        }
    }

    [Fact]
    public async Task A_copy_beside_the_original_is_noticed_and_one_alone_elsewhere_is_intact()
    {
        Copy(archives[2].Path, Path.Combine(bench.Parent, "copy"));
        Assert.Single(await bench.DamageAsync());
        var elsewhere = bench.Operations.Path("stick", "carried");
        Copy(archives[2].Path, elsewhere);
        Assert.Empty(await bench.DamageAsync(withRepository: false, elsewhere));
    }

    [Fact]
    public async Task Archives_in_two_folders_are_one_chain_for_the_repository()
    {
        var second = bench.Operations.Path("second");
        Directory.CreateDirectory(second);
        var moved = await new WriteArchive(bench.Operations.Context, bench.Operations.Observer).RunAsync(new WriteArchiveOptions { Device = ArchiveBench.DeviceId, Parent = second }, default);
        Assert.Equal(4, moved.Manifest.Number);
        Assert.Empty(await bench.DamageAsync());
        Assert.Empty(await bench.DamageAsync(path: second));
        Assert.Single(await bench.DamageAsync(withRepository: false, second));
    }

    [Fact]
    public async Task An_old_state_of_the_repository_makes_two_archives_of_one_number()
    {
        var (one, two) = (archives[1], archives[2]);
        var copy = Path.Combine(bench.Parent, "fork");
        Copy(two.Path, copy);
        var forked = two.Manifest with { Run = "00", Author = "other@bench" };
        var key = (await bench.Operations.Context.Archives.FindKeyAsync(default))!;
        var bytes = ManifestCodec.Serialize(forked);
        await File.WriteAllBytesAsync(Path.Combine(copy, "manifest.json"), bytes);
        await File.WriteAllBytesAsync(Path.Combine(copy, "manifest.sig"), ArchiveSignature.Sign(key.PrivateKey, bytes));
        Assert.Equal(2, (await bench.DamageAsync(withRepository: false)).Count(line => line.Contains("same number", StringComparison.Ordinal)));
        Assert.Equal(one.Digest, two.Manifest.Previous!.Manifest);
    }

    [Fact]
    public async Task A_stranger_verifies_with_openssl()
    {
        var key = bench.Operations.Path("key.pem");
        await File.WriteAllTextAsync(key, archives[0].Manifest.PublicKey);
        if (Start("openssl", "dgst", "-sha256", "-verify", key, "-signature", In(0, "manifest.sig"), In(0, "manifest.json")) is not { } openssl)
        {
            return; // It is not installed here; the signature itself is tested elsewhere.
        }

        using (openssl)
        {
            Assert.Contains("Verified OK", await openssl.StandardOutput.ReadToEndAsync(), StringComparison.Ordinal);
            await openssl.WaitForExitAsync();
            Assert.Equal(0, openssl.ExitCode);
        }
    }

    [Fact]
    public async Task Years_let_the_oldest_archives_go_and_the_chain_knows_it()
    {
        await bench.Operations.SetPolicyAsync(new PolicyValues { ArchiveRetentionYears = 2 });
        bench.Operations.Advance(TimeSpan.FromDays(800));
        bench.AddEvents(1);
        var kept = await bench.ArchiveAsync();

        // The newest of before stays: the chain hangs on it.
        Assert.Equal([archives[2].Path, kept.Path], ArchiveFolder.Find(bench.Parent).Order(StringComparer.Ordinal));
        Assert.Equal([1L, 2L], kept.Manifest.Expired.Select(link => link.Number));
        Assert.Empty(await bench.DamageAsync());
        Assert.Empty(await bench.DamageAsync(withRepository: false));
        Assert.Equal(2, (await bench.Operations.EventsAsync("ArchiveExpired")).Count);

        await bench.ArchiveAsync();
        Assert.False(Directory.Exists(archives[2].Path));
        Assert.Empty(await bench.DamageAsync());
        Assert.Empty(await bench.DamageAsync(withRepository: false));
    }

    [Fact]
    public async Task What_a_killed_run_had_let_expire_goes_with_the_next()
    {
        var away = bench.Operations.Path("away");
        Copy(archives[0].Path, away);
        await bench.Operations.SetPolicyAsync(new PolicyValues { ArchiveRetentionYears = 2 });
        bench.Operations.Advance(TimeSpan.FromDays(800));
        await bench.ArchiveAsync();
        Copy(away, archives[0].Path);
        await bench.ArchiveAsync();
        Assert.False(Directory.Exists(archives[0].Path));
        Assert.Empty(await bench.DamageAsync());
    }

    [Fact]
    public async Task A_legal_hold_and_a_clock_that_stands_before_the_last_run_keep_all_and_say_so()
    {
        await bench.Operations.SetPolicyAsync(new PolicyValues { ArchiveRetentionYears = 2, LegalHold = true });
        bench.Operations.Advance(TimeSpan.FromDays(800));
        await bench.ArchiveAsync();
        Assert.Single(bench.Operations.Observer.Warnings, warning => warning.Contains("legal hold", StringComparison.Ordinal));
        Assert.Equal(4, ArchiveFolder.Find(bench.Parent).Count);

        await bench.Operations.SetPolicyAsync(new PolicyValues { LegalHold = false });
        bench.Operations.Advance(TimeSpan.FromDays(-1));
        await bench.ArchiveAsync();
        Assert.Single(bench.Operations.Observer.Warnings, warning => warning.Contains("clock", StringComparison.Ordinal));
        Assert.Equal(5, ArchiveFolder.Find(bench.Parent).Count);
    }

    [Fact]
    public async Task A_hold_that_was_set_since_keeps_what_had_expired_and_what_could_not_be_removed_is_tried_again()
    {
        var away = bench.Operations.Path("away");
        Copy(archives[0].Path, away);
        await bench.Operations.SetPolicyAsync(new PolicyValues { ArchiveRetentionYears = 2 });
        bench.Operations.Advance(TimeSpan.FromDays(800));
        await bench.ArchiveAsync();
        Copy(away, archives[0].Path);
        await bench.Operations.SetPolicyAsync(new PolicyValues { LegalHold = true });
        await bench.ArchiveAsync();
        Assert.True(Directory.Exists(archives[0].Path));
        Assert.Contains(bench.Operations.Observer.Warnings, warning => warning.Contains("kept for now, because a policy puts a legal hold", StringComparison.Ordinal));
        await bench.Operations.SetPolicyAsync(new PolicyValues { LegalHold = false });
        await bench.ArchiveAsync();
        Assert.False(Directory.Exists(archives[0].Path));
    }

    [Fact]
    public async Task An_archive_beside_its_name_expires_too_and_one_half_removed_is_no_damage()
    {
        var away = bench.Operations.Path("away");
        Copy(archives[0].Path, away);
        Directory.Move(archives[0].Path, archives[0].Path + "-2");
        await bench.Operations.SetPolicyAsync(new PolicyValues { ArchiveRetentionYears = 2 });
        bench.Operations.Advance(TimeSpan.FromDays(800));
        Assert.Equal(2, (await bench.ArchiveAsync()).Manifest.Expired.Count);
        Assert.False(Directory.Exists(archives[0].Path + "-2"));
        Copy(away, archives[0].Path);
        File.Delete(In(0, "events.csv"));
        File.Delete(In(0, "manifest.sig"));
        Assert.Empty(await bench.DamageAsync());
    }

    [Fact]
    public async Task What_is_missing_from_an_expired_archive_that_a_hold_keeps_is_damage()
    {
        var away = bench.Operations.Path("away");
        Copy(archives[0].Path, away);
        await bench.Operations.SetPolicyAsync(new PolicyValues { ArchiveRetentionYears = 2 });
        bench.Operations.Advance(TimeSpan.FromDays(800));
        await bench.ArchiveAsync();
        Copy(away, archives[0].Path);
        File.Delete(In(0, "events.csv"));
        Assert.Empty(await bench.DamageAsync());
        await bench.Operations.SetPolicyAsync(new PolicyValues { LegalHold = true });
        Assert.Contains("events.csv", Assert.Single(await bench.DamageAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Archives_on_a_drive_that_is_away_expire_when_it_is_back()
    {
        var (drive, away) = (bench.Operations.Path("archives"), bench.Operations.Path("drive"));
        await bench.Operations.SetPolicyAsync(new PolicyValues { ArchiveRetentionYears = 2 });
        bench.Operations.Advance(TimeSpan.FromDays(800));

        // Nothing but the mount point is there, and the run goes into it.
        Directory.Move(drive, away);
        Directory.CreateDirectory(drive);
        await bench.ArchiveAsync();
        Directory.Delete(drive, recursive: true);
        Directory.Move(away, drive);
        await bench.ArchiveAsync();
        Assert.False(Directory.Exists(archives[0].Path));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_had_expired_on_a_drive_that_is_away_is_not_forgotten(bool goesIntoTheMountPoint)
    {
        var (drive, away, second) = (bench.Operations.Path("archives"), bench.Operations.Path("drive"), bench.Operations.Path(goesIntoTheMountPoint ? "archives" : "second"));
        Copy(archives[0].Path, bench.Operations.Path("copy"));
        await bench.Operations.SetPolicyAsync(new PolicyValues { ArchiveRetentionYears = 2 });
        bench.Operations.Advance(TimeSpan.FromDays(800));
        await bench.ArchiveAsync();

        // As if the removal had failed, and then the drive was taken away for a run.
        Copy(bench.Operations.Path("copy"), archives[0].Path);
        Directory.Move(drive, away);
        Directory.CreateDirectory(second);
        await new WriteArchive(bench.Operations.Context, bench.Operations.Observer).RunAsync(new WriteArchiveOptions { Device = ArchiveBench.DeviceId, Parent = second }, default);
        if (goesIntoTheMountPoint)
        {
            Directory.Delete(drive, recursive: true);
        }

        Directory.Move(away, drive);
        await bench.ArchiveAsync();
        Assert.False(Directory.Exists(archives[0].Path));
    }

    [Fact]
    public async Task An_archive_without_its_name_yet_is_not_missing()
    {
        bench.Unname(archives[2]);
        Assert.Empty(await bench.DamageAsync());
    }

    [Fact]
    public async Task A_forged_archive_that_says_that_it_is_another_repositorys_is_noticed()
    {
        var key = ArchiveSignature.CreateKey();
        var manifest = ManifestCodec.Serialize(archives[2].Manifest with { PublicKey = ArchiveSignature.PublicKeyOf(key), Repository = new string('0', 32), Author = "forger@bench" });
        await File.WriteAllBytesAsync(In(2, "manifest.json"), manifest);
        await File.WriteAllBytesAsync(In(2, "manifest.sig"), ArchiveSignature.Sign(key, manifest));
        Assert.Contains(await bench.DamageAsync(path: archives[2].Path), line => line.Contains("forged", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_other_signature_of_the_same_bytes_does_not_count()
    {
        var sequence = new AsnReader(await File.ReadAllBytesAsync(In(0, "manifest.sig")), AsnEncodingRules.DER).ReadSequence();
        var (r, s) = (sequence.ReadInteger(), sequence.ReadInteger());
        var order = new BigInteger(Convert.FromHexString("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"), isUnsigned: true, isBigEndian: true);
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(r);
            writer.WriteInteger(order - s);
        }

        await File.WriteAllBytesAsync(In(0, "manifest.sig"), writer.Encode());
        Assert.Contains("signature", Assert.Single(await bench.DamageAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_in_place_of_the_folder_of_trends_and_a_link_are_named_once()
    {
        Directory.Delete(In(0, "trends"), recursive: true);
        File.WriteAllText(In(0, "trends"), "");
        Assert.Contains(await bench.DamageAsync(), line => line.Contains("trends: it does not belong", StringComparison.Ordinal));
        if (!OperatingSystem.IsWindows())
        {
            // Making links needs rights there.
            Directory.CreateSymbolicLink(In(1, "link"), archives[1].Path);
            Assert.Equal("link", Assert.Single(Assert.Single(await bench.TestAsync(archives[1].Path)).Damage).Path);
        }
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    private static Process? Start(string program, params string[] arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true });
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
