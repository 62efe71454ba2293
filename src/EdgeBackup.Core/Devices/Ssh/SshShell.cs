using System.Globalization;
using System.Text;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>
/// A shell on the device that runs our script (Scripts/agent.sh) and answers its verbs, one after the other, over one
/// ssh. Every wait ends: ssh asks by itself whether the device is still there, and a device that works without a word is
/// given up after a while.
/// </summary>
internal sealed class SshShell : IAsyncDisposable
{
    private const int NoiseLimit = 64 * 1024;
    private const int AnswerLimit = 5 * 1024 * 1024;

    private static readonly TimeSpan GoodbyeTime = TimeSpan.FromSeconds(2);

    private readonly SshTarget target;
    private readonly SshProcess process;
    private readonly string token;
    private readonly string doing;
    private TimeSpan limit;
    private bool isGreeted;

    private SshShell(SshTarget target, SshProcess process, string token, string doing)
    {
        this.target = target;
        this.process = process;
        this.token = token;
        this.doing = doing;
        limit = target.Settings.ConnectTimeout + target.Options.SilenceLimit;
        Reader = new RemoteReader(ReadMoreAsync);
    }

    /// <summary>What the device sends.</summary>
    public RemoteReader Reader { get; }

    /// <summary>What the device told of itself in its first answer.</summary>
    public RemoteGreeting Greeting { get; private set; } = null!;

    /// <summary>Ends what may hold anything; nobody can guess it.</summary>
    public string Token => token;

    public int ProcessId => process.Id;

    /// <summary>Whether the conversation has ended.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>What the device's programs said on standard error.</summary>
    public string Words => process.Words;

    /// <summary>Connects and starts the script.</summary>
    /// <param name="target">The device.</param>
    /// <param name="root">An absolute folder on it, which becomes the current one.</param>
    /// <param name="doing">For messages: "the connection was cut while ...".</param>
    /// <param name="cancellationToken">Ends ssh.</param>
    /// <exception cref="EdgeBackupException">DeviceUnreachable, DeviceAuthenticationFailed, DeviceResponseInvalid.</exception>
    public static async Task<SshShell> OpenAsync(SshTarget target, string root, string doing, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var bytes = new byte[16];
        target.Random.Fill(bytes);
        var token = Convert.ToHexStringLower(bytes);
        var script = RemoteScript.Compose(token, root);
        var shell = new SshShell(target, SshProcess.Start(target.Address, target.Options, target.Settings, RemoteScript.Command(script.Length)), token, doing);
        try
        {
            await shell.GreetAsync(script, root, cancellationToken).ConfigureAwait(false);
            return shell;
        }
        catch
        {
            await shell.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Sends a verb with its names.</summary>
    /// <param name="verb">One of the script's.</param>
    /// <param name="names">Relative paths that begin with "./" and hold no line break.</param>
    /// <param name="cancellationToken">Ends ssh.</param>
    public Task SendAsync(string verb, IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{verb} {names.Count}\n");
        foreach (var name in names)
        {
            text.Append(name).Append('\n');
        }

        return WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), cancellationToken);
    }

    /// <summary>Runs a command line of a device type's in the root.</summary>
    /// <param name="command">The line.</param>
    /// <param name="isOutputWanted">False: its output goes where error messages come from.</param>
    /// <param name="cancellationToken">Ends ssh.</param>
    /// <returns>Its exit code and standard output; no code where it did not end in time.</returns>
    public async Task<RemoteResult> RunAsync(Types.DeviceCommand command, bool isOutputWanted, CancellationToken cancellationToken)
    {
        var line = Encoding.UTF8.GetBytes(command.Command);
        var seconds = Math.Max(1, (int)Math.Ceiling(command.Timeout.TotalSeconds));
        var head = string.Create(CultureInfo.InvariantCulture, $"run {line.Length} {seconds} {(isOutputWanted ? "out" : "none")}\n");
        var before = limit;
        limit = TimeSpan.FromSeconds(seconds) + target.Options.SilenceLimit;
        try
        {
            await WriteAsync([.. Encoding.UTF8.GetBytes(head), .. line], cancellationToken).ConfigureAwait(false);
            var started = target.Clock.GetTimestamp();
            var (output, code) = await ReadAnswerAsync(cancellationToken).ConfigureAwait(false);

            // The script ends it by a signal, which is a code above 128.
            var isLate = code > 128 && target.Clock.GetElapsedTime(started).TotalSeconds >= seconds;
            return new RemoteResult(isLate ? null : code, Encoding.UTF8.GetString(output));
        }
        finally
        {
            limit = before;
        }
    }

    /// <summary>Reads what may hold anything, and the exit code behind it.</summary>
    public async Task<(byte[] Bytes, int Code)> ReadAnswerAsync(CancellationToken cancellationToken)
    {
        try
        {
            var bytes = await Reader.ReadUntilAsync([0, .. Encoding.ASCII.GetBytes(token), 0], AnswerLimit, cancellationToken).ConfigureAwait(false);
            var code = await Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
            return int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? (bytes, number) : throw new InvalidDataException($"'{code}' is no exit code");
        }
        catch (InvalidDataException exception)
        {
            throw target.Errors.Invalid($"an answer cannot be understood: {exception.Message}", exception);
        }
    }

    /// <summary>Says goodbye, so that the device's side ends by itself; a device that does not is left without one.</summary>
    public async ValueTask DisposeAsync()
    {
        if (isGreeted)
        {
            isGreeted = false;
            try
            {
                using var timeout = new CancellationTokenSource(GoodbyeTime);
                await process.Input.WriteAsync("bye 0\n"u8.ToArray(), timeout.Token).ConfigureAwait(false);
                process.Input.Close();
                await process.WaitAsync(GoodbyeTime, CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
            {
                // It is gone already.
            }
        }

        await process.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Ends the conversation at once, in the middle of whatever it is.</summary>
    public void Kill()
    {
        isGreeted = false;
        IsBroken = true;
        process.Kill();
    }

    /// <summary>Sends bytes as they are.</summary>
    /// <exception cref="IOException">The device takes no more; its answer may say why.</exception>
    /// <exception cref="EdgeBackupException">DeviceUnreachable: it fell silent.</exception>
    public async ValueTask WriteRawAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        using var guard = Guard(cancellationToken);
        using var kill = guard.Token.UnsafeRegister(static state => ((SshShell)state!).Kill(), this);
        try
        {
            await process.Input.WriteAsync(bytes, guard.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
        {
            if (guard.IsCancellationRequested)
            {
                throw await EndedAsync(guard, cancellationToken).ConfigureAwait(false);
            }

            throw exception as IOException ?? new IOException(exception.Message, exception);
        }
    }

    /// <summary>Tells the device that nothing more comes.</summary>
    public void CloseInput()
    {
        isGreeted = false;
        process.Input.Close();
    }

    private async Task GreetAsync(byte[] script, string root, CancellationToken cancellationToken)
    {
        await WriteAsync(script, cancellationToken).ConfigureAwait(false);
        string first;
        try
        {
            // What the user's own start-up files print comes before.
            await Reader.ReadUntilAsync(Encoding.ASCII.GetBytes($"\n{token}\n"), NoiseLimit, cancellationToken).ConfigureAwait(false);
            first = await Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
            if (first == "ok")
            {
                var texts = new string[5];
                for (var index = 0; index < texts.Length; index++)
                {
                    texts[index] = await Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
                }

                Greeting = RemoteGreeting.Read(texts);
            }
        }
        catch (InvalidDataException exception)
        {
            throw target.Errors.Invalid($"what answers at {target.Options.Address.Text} is no shell that runs our script", exception);
        }

        if (first != "ok")
        {
            throw target.Errors.Create(
                ErrorIds.DeviceUnreachable,
                $"there is no folder '{root}' on it that its user {target.Address.User ?? ""} may enter. Check the path in {target.Options.Address.Text}");
        }

        isGreeted = true;
        limit = target.Options.SilenceLimit * target.Settings.WorkLimitFactor;
    }

    private async Task WriteAsync(byte[] bytes, CancellationToken cancellationToken)
    {
        using var guard = Guard(cancellationToken);
        using var kill = guard.Token.UnsafeRegister(static state => ((SshShell)state!).Kill(), this);
        try
        {
            await process.Input.WriteAsync(bytes, guard.Token).ConfigureAwait(false);
            await process.Input.FlushAsync(guard.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
        {
            throw await EndedAsync(guard, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask<int> ReadMoreAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        using var guard = Guard(cancellationToken);
        using var kill = guard.Token.UnsafeRegister(static state => ((SshShell)state!).Kill(), this);
        var read = 0;
        try
        {
            read = await process.Output.ReadAsync(buffer, guard.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Judged below, as the end.
        }

        return read > 0 ? read : throw await EndedAsync(guard, cancellationToken).ConfigureAwait(false);
    }

    private CancellationTokenSource Guard(CancellationToken cancellationToken)
    {
        var guard = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        guard.CancelAfter(limit);
        return guard;
    }

    /// <summary>Why nothing more comes.</summary>
    private async Task<Exception> EndedAsync(CancellationTokenSource guard, CancellationToken cancellationToken)
    {
        const int interrupted = 130;
        isGreeted = false;
        if (cancellationToken.IsCancellationRequested)
        {
            Kill();
            return new OperationCanceledException(cancellationToken);
        }

        var isSilent = guard.IsCancellationRequested;
        var code = await process.WaitAsync(GoodbyeTime, CancellationToken.None).ConfigureAwait(false);
        if (code == interrupted)
        {
            // Ctrl+C goes to every process at the terminal, and ssh is quicker than we are.
            await Task.Delay(GoodbyeTime, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }

        Kill();
        return Greeting is not null
            ? isSilent ? target.Errors.Silent(doing) : target.Errors.Cut(doing, process.Words)
            : isSilent ? target.Errors.Silent("connecting")
            : target.Errors.NotConnected(code ?? 255, process.Words);
    }
}
