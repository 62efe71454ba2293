using System.Diagnostics;
using System.Globalization;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Ssh;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Bench;

/// <summary>Captures a device over ssh and throws the bytes away: what the connection alone can do.</summary>
internal static class SshRun
{
    private const int Window = 8;

    /// <summary>Prints seconds and bytes.</summary>
    public static async Task<int> CaptureAsync(string address, string configFile)
    {
        var options = new ConnectionOptions { Address = DeviceAddress.Parse(address, "/"), Id = "bench" };
        var started = Stopwatch.GetTimestamp();
        var bytes = 0L;
        var connection = new SshDeviceConnection(options, TimeProvider.System, new SshSettings { ConfigFile = configFile });
        await using (connection.ConfigureAwait(false))
        {
            var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None).ConfigureAwait(false);
            await using var lease = capture.ConfigureAwait(false);
            var reads = new Queue<Task<long>>();
            await foreach (var item in capture.ListAsync(CancellationToken.None).ConfigureAwait(false))
            {
                if (item.Type != ItemType.File)
                {
                    continue;
                }

                // As a backup does it: in the listing's order, a few at once.
                reads.Enqueue(Task.Run(() => ReadAsync(capture, item)));
                if (reads.Count >= Window)
                {
                    bytes += await reads.Dequeue().ConfigureAwait(false);
                }
            }

            while (reads.TryDequeue(out var read))
            {
                bytes += await read.ConfigureAwait(false);
            }

            await capture.CompleteAsync(CancellationToken.None).ConfigureAwait(false);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(started).TotalSeconds:0.000} {bytes}"));
        return 0;
    }

    private static async Task<long> ReadAsync(ICapture capture, Item item)
    {
        var captured = await capture.OpenReadAsync(item, CancellationToken.None).ConfigureAwait(false)
            ?? throw new InvalidOperationException($"'{item.Path}' has vanished.");
        await using var stream = captured.Stream.ConfigureAwait(false);
        var buffer = new byte[128 * 1024];
        var length = 0L;
        int read;
        while ((read = await captured.Stream.ReadAsync(buffer).ConfigureAwait(false)) > 0)
        {
            length += read;
        }

        return length;
    }
}
