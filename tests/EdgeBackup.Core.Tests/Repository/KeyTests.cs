using System.Text;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Keys;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository;

public sealed class KeyTests
{
    [Fact]
    public async Task Each_kind_of_key_opens_and_a_wrong_one_says_so()
    {
        var store = new MemoryObjectStore();
        var created = await EdgeRepository.CreateAsync(store, [new PassphraseSecret("correct")], Bench.Environment, default);
        await using var opened = await EdgeRepository.OpenAsync(store, new PassphraseSecret("correct"), Bench.Environment, default);
        await using var recovered = await EdgeRepository.OpenAsync(
            store, new RecoveryKeySecret(created.RecoveryKey.ToLowerInvariant().Replace('-', ' ')), Bench.Environment, default);
        Assert.Equal(created.Repository.Id, recovered.Id);
        Assert.Equal(2, opened.Keys.Count);
        foreach (var wrong in new RepositorySecret[]
        {
            new PassphraseSecret("Correct"),
            new PassphraseSecret(""),
            new KeyFileSecret(new byte[32]),
            new RecoveryKeySecret(RecoveryKeyText.Format(new byte[20])),
        })
        {
            Assert.Equal(ErrorIds.RepositoryKeyWrong, await OpenFailsAsync(store, wrong));
        }

        await created.Repository.DisposeAsync();
    }

    [Fact]
    public async Task An_empty_passphrase_makes_no_repository()
    {
        var store = new MemoryObjectStore();
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => EdgeRepository.CreateAsync(store, [new PassphraseSecret("")], Bench.Environment, default));
        Assert.Equal(ErrorIds.RepositoryKeyWrong, error.ErrorId);
        Assert.Empty(store.Objects);
    }

    [Fact]
    public async Task A_second_repository_is_refused_and_the_first_stays()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => Bench.CreateAsync(store));
        Assert.Equal(ErrorIds.RepositoryExists, error.ErrorId);
        await using var again = await Bench.OpenAsync(store);
        Assert.Equal(repository.Id, again.Id);
    }

    [Fact]
    public async Task Once_the_repository_exists_nothing_keeps_the_recovery_key_from_its_owner()
    {
        var store = new MemoryObjectStore();
        using var stop = new CancellationTokenSource();
        store.AfterPut = name =>
        {
            if (name == "repository.json")
            {
                stop.Cancel();
                store.DieAfter(0);
            }
        };
        var created = await EdgeRepository.CreateAsync(store, [Bench.Key], Bench.Environment, stop.Token);
        await using var recovered = await EdgeRepository.OpenAsync(store.Reborn(), new RecoveryKeySecret(created.RecoveryKey), Bench.Environment, default);
        Assert.Equal(created.Repository.Id, recovered.Id);
        Assert.Equal(recovered.Keys, created.Repository.Keys);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_store_that_does_not_give_back_a_key_gets_no_repository(int broken)
    {
        var store = new MemoryObjectStore();
        var puts = 0;
        store.AfterPut = name =>
        {
            if (name.StartsWith("keys/", StringComparison.Ordinal) && puts++ == broken)
            {
                store.Objects[name][20] ^= 1;
            }
        };
        await Assert.ThrowsAsync<EdgeBackupException>(() => EdgeRepository.CreateAsync(store, [Bench.Key], Bench.Environment, default));
        Assert.DoesNotContain("repository.json", store.Objects.Keys);
    }

    [Fact]
    public async Task A_typing_error_in_a_recovery_key_is_told_from_a_wrong_one()
    {
        var store = new MemoryObjectStore();
        var created = await EdgeRepository.CreateAsync(store, [Bench.Key], Bench.Environment, default);
        for (var position = 0; position < created.RecoveryKey.Length; position++)
        {
            if (created.RecoveryKey[position] == '-')
            {
                continue;
            }

            var typed = new StringBuilder(created.RecoveryKey) { [position] = created.RecoveryKey[position] == '7' ? '8' : '7' }.ToString();
            var error = Assert.Throws<EdgeBackupException>(() => RecoveryKeyText.Parse(typed));
            Assert.Equal(ErrorIds.RepositoryKeyWrong, error.ErrorId);
            Assert.Contains("typed", error.Message, StringComparison.Ordinal);
        }

        await created.Repository.DisposeAsync();
    }

    [Fact]
    public async Task Every_altered_byte_of_a_key_object_is_damage_and_no_wrong_key()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        var name = store.Objects.Keys.Single(key => key.StartsWith("keys/", StringComparison.Ordinal) && IsKeyFile(store.Objects[key]));
        var content = store.Objects[name];
        for (var position = 0; position < content.Length; position++)
        {
            content[position] ^= 0x20;
            Assert.Equal(ErrorIds.RepositoryDamaged, await OpenFailsAsync(store, Bench.Key));
            content[position] ^= 0x20;
        }
    }

    [Fact]
    public async Task A_damaged_key_object_does_not_matter_as_long_as_another_opens()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        store.Objects.Single(entry => entry.Key.StartsWith("keys/", StringComparison.Ordinal) && !IsKeyFile(entry.Value)).Value[10] ^= 1;
        await using var again = await Bench.OpenAsync(store);
        Assert.Single(again.Keys);
    }

    [Fact]
    public async Task Every_altered_byte_of_the_header_is_noticed()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        var content = store.Objects["repository.json"];
        for (var position = 0; position < content.Length; position++)
        {
            content[position] ^= 0x04;
            var error = await OpenFailsAsync(store, Bench.Key);
            Assert.True(error is ErrorIds.RepositoryDamaged or ErrorIds.RepositoryFormatUnsupported, error);
            content[position] ^= 0x04;
        }
    }

    [Fact]
    public async Task A_newer_format_and_no_repository_are_told_apart()
    {
        var store = new MemoryObjectStore();
        Assert.Null(await EdgeRepository.PeekAsync(store, default));
        Assert.Equal(ErrorIds.RepositoryNotFound, await OpenFailsAsync(store, Bench.Key));
        store.Objects["repository.json"] = "{\"formatVersion\":3,\"anything\":[]}"u8.ToArray();
        Assert.Equal(ErrorIds.RepositoryFormatUnsupported, await OpenFailsAsync(store, Bench.Key));
        store.Objects["repository.json"] = "<html>"u8.ToArray();
        Assert.Equal(ErrorIds.RepositoryDamaged, await OpenFailsAsync(store, Bench.Key));
    }

    [Fact]
    public void A_key_file_is_written_once_and_read_back()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Combine("deep", "er", "my.key");
        var platform = Bench.Environment.Platform;
        var made = KeyFile.Create(path, Bench.Environment.Random, platform);
        Assert.Equal(made.Key, KeyFile.Read(path, platform).Key);
        Assert.Equal(ErrorIds.RepositoryNotWritable, Assert.Throws<EdgeBackupException>(() => KeyFile.Create(path, Bench.Environment.Random, platform)).ErrorId);
        Assert.Equal(made.Key, KeyFile.Read(path, platform).Key);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        }

        var text = File.ReadAllText(path);
        for (var position = 0; position < text.Length - 1; position++)
        {
            File.WriteAllText(path, new StringBuilder(text) { [position] = text[position] == '0' ? '1' : '0' }.ToString());
            Assert.Equal(ErrorIds.RepositoryKeyWrong, Assert.Throws<EdgeBackupException>(() => KeyFile.Read(path, platform)).ErrorId);
        }

        Assert.Equal(ErrorIds.RepositoryKeyWrong, Assert.Throws<EdgeBackupException>(() => KeyFile.Read(folder.Combine("none"), platform)).ErrorId);
    }

    [Fact]
    public void A_secret_never_shows_itself()
    {
        Assert.DoesNotContain("geheim", new PassphraseSecret("geheim").ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("geheim", new RecoveryKeySecret("geheim").ToString(), StringComparison.Ordinal);
        Assert.Equal("key file", new KeyFileSecret(new byte[32]).ToString());
    }

    private static bool IsKeyFile(byte[] content) => Encoding.ASCII.GetString(content).Contains("\"key-file\"", StringComparison.Ordinal);

    private static async Task<string> OpenFailsAsync(MemoryObjectStore store, RepositorySecret secret) =>
        (await Assert.ThrowsAsync<EdgeBackupException>(() => EdgeRepository.OpenAsync(store, secret, Bench.Environment, default))).ErrorId;
}
