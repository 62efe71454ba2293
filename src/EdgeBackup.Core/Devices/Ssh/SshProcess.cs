using System.ComponentModel;
using System.Diagnostics;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using System.Text;
using EdgeBackup.Core.Errors;
using Microsoft.Win32.SafeHandles;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>A running ssh. Disposing ends it with everything that it started, and waits until it is gone.</summary>
internal sealed partial class SshProcess : IAsyncDisposable
{
    private const int WordsLimit = 16 * 1024;

    private static readonly TimeSpan GoodbyeTime = TimeSpan.FromSeconds(5);

    private readonly Process process;
    private readonly Task listening;
    private readonly StringBuilder words = new();
    private bool isDisposed;

    private SshProcess(Process process)
    {
        this.process = process;
        WidenOutput();
        listening = ListenAsync();
    }

    /// <summary>What the remote command reads.</summary>
    public Stream Input => process.StandardInput.BaseStream;

    /// <summary>What the remote command writes.</summary>
    public Stream Output => process.StandardOutput.BaseStream;

    public int Id => process.Id;

    /// <summary>The end of what ssh and the remote command wrote to standard error so far.</summary>
    public string Words
    {
        get
        {
            lock (words)
            {
                return words.ToString();
            }
        }
    }

    /// <exception cref="EdgeBackupException">DeviceUnreachable: there is no ssh here. DeviceAuthenticationFailed: there is no key file.</exception>
    public static SshProcess Start(SshAddress address, ConnectionOptions options, SshSettings settings, string command)
    {
        if (options.KeyFilePath is { } key && !File.Exists(key))
        {
            // ssh would only warn, and try whatever other keys there are.
            throw new EdgeBackupException(
                ErrorIds.DeviceAuthenticationFailed,
                $"The key file '{key}' for {options.Address.Text} is not on this machine, or may not be read. Give another with Set-EdgeDevice -KeyFilePath.",
                options.Address.Text);
        }

        var start = new ProcessStartInfo(settings.Program, SshArguments.Build(address, options, settings, command))
        {
            UseShellExecute = false,
            CreateNoWindow = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardErrorEncoding = Encoding.UTF8,
        };

        // A helper that asks for a passphrase would wait for somebody who is not there.
        start.Environment["SSH_ASKPASS_REQUIRE"] = "never";
        if (!OperatingSystem.IsWindows())
        {
            // The system's own words are part of ssh's messages, which are read.
            start.Environment["LC_ALL"] = "C";
        }

        try
        {
            return new SshProcess(Process.Start(start)!);
        }
        catch (Win32Exception exception)
        {
            throw new EdgeBackupException(
                ErrorIds.DeviceUnreachable,
                $"{options.Address.Text} cannot be reached, because the program '{settings.Program}' cannot be run here ({exception.Message.TrimEnd('.')}). Install the OpenSSH client: on Windows it is an optional feature, elsewhere a package.",
                options.Address.Text,
                exception);
        }
    }

    /// <summary>Waits until ssh has ended by itself.</summary>
    /// <returns>Its exit code, which is the remote command's or 255; null where it still runs when the time is over.</returns>
    public async Task<int?> WaitAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(limit);
        try
        {
            await process.WaitForExitAsync(timeout.Token).ConfigureAwait(false);
            await listening.WaitAsync(timeout.Token).ConfigureAwait(false);
            return process.ExitCode;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Ends it at once, with its children: a jump host's ssh is one.</summary>
    public void Kill()
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception exception) when (exception is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has ended meanwhile.
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (isDisposed)
        {
            return;
        }

        isDisposed = true;
        if (!process.HasExited)
        {
            Kill();
        }

        await WaitAsync(GoodbyeTime, CancellationToken.None).ConfigureAwait(false);
        process.Dispose();
    }

    /// <summary>A pipe holds 64 KiB unless it is asked to hold more; each time that it is full or empty costs a change of processes.</summary>
    private void WidenOutput()
    {
        const int setPipeSize = 1031;
        const int size = 1024 * 1024;
        if (OperatingSystem.IsLinux() && Output is PipeStream pipe)
        {
            // Where that is not granted, the pipe stays as it is.
            _ = fcntl(pipe.SafePipeHandle, setPipeSize, size);
        }
    }

    [LibraryImport("libc")]
    private static partial int fcntl(SafePipeHandle descriptor, int command, int value);

    private async Task ListenAsync()
    {
        var buffer = new char[1024];
        try
        {
            int read;
            while ((read = await process.StandardError.ReadAsync(buffer).ConfigureAwait(false)) > 0)
            {
                lock (words)
                {
                    words.Append(buffer, 0, read);
                    if (words.Length > WordsLimit)
                    {
                        words.Remove(0, words.Length - WordsLimit);
                    }
                }
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The process was ended.
        }
    }
}
