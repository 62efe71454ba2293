using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;
using EdgeBackup.Simulator.Bacnet;

namespace EdgeBackup.Bench;

/// <summary>
/// Captures a simulated BACnet device and throws the bytes away: with answers in parts and without, beside the plainest
/// reading there can be, which sends one AtomicReadFile, takes one answer, looks at nothing in it and sends the next.
/// </summary>
internal static class BacnetRun
{
    private const uint Configuration = 1;

    /// <summary>A file of the same bytes that no procedure guards.</summary>
    private const uint Plain = 2;

    /// <summary>Prints a line for each way: its name and the seconds it took.</summary>
    public static async Task<int> MeasureAsync(int length, int roundTrip)
    {
        var content = new byte[length];
#pragma warning disable CA5394 // Repeatable bytes, no secret.
        new Random(1).NextBytes(content);
#pragma warning restore CA5394
        var latency = TimeSpan.FromMilliseconds(roundTrip) / 2;
        foreach (var segmentation in new[] { BacnetSegmentation.Both, BacnetSegmentation.None })
        {
            var device = await SimulatedBacnetDevice.StartAsync(new SimulatedBacnetOptions
            {
                SampleFiles = 0, Segmentation = segmentation, Latency = latency,
            }).ConfigureAwait(false);
            await using var lease = device.ConfigureAwait(false);
            device.Files.Set(Configuration, SimulatedBacnetFile.Stream(content));
            device.Files.SetOther(Plain, SimulatedBacnetFile.Stream(content));
            if (roundTrip == 0)
            {
                // Compiling is no part of either way: both are gone once before they are measured.
                _ = ReadPlainly(device.EndPoint, length);
                _ = await CaptureAsync(device.Address, length).ConfigureAwait(false);
                if (segmentation == BacnetSegmentation.Both)
                {
                    Print("plain", ReadPlainly(device.EndPoint, length));
                }
            }

            Print(segmentation == BacnetSegmentation.Both ? "parts" : "whole", await CaptureAsync(device.Address, length).ConfigureAwait(false));
        }

        return 0;
    }

    private static void Print(string name, TimeSpan time) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name} {time.TotalSeconds:0.000}"));

    private static async Task<TimeSpan> CaptureAsync(string address, int length)
    {
        var options = new ConnectionOptions { Address = DeviceAddress.Parse(address, "/"), Id = "bench" };
        var started = Stopwatch.GetTimestamp();
        var connection = new BacnetDeviceConnection(options, SystemPlatform.Create(), TimeProvider.System, new BacnetProcedureLocks());
        var bytes = 0L;
        await using (connection.ConfigureAwait(false))
        {
            var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None).ConfigureAwait(false);
            await using var lease = capture.ConfigureAwait(false);
            await foreach (var item in capture.ListAsync(CancellationToken.None).ConfigureAwait(false))
            {
                var captured = (await capture.OpenReadAsync(item, CancellationToken.None).ConfigureAwait(false))!;
                await using var stream = captured.Stream.ConfigureAwait(false);
                var buffer = new byte[128 * 1024];
                int read;
                while ((read = await captured.Stream.ReadAsync(buffer).ConfigureAwait(false)) > 0)
                {
                    bytes += read;
                }
            }

            await capture.CompleteAsync(CancellationToken.None).ConfigureAwait(false);
        }

        return bytes == length ? Stopwatch.GetElapsedTime(started) : throw new InvalidOperationException($"{bytes} bytes were captured, not {length}.");
    }

    private static TimeSpan ReadPlainly(IPEndPoint device, int length)
    {
        // What fits one answer of the largest APDU, headers taken off.
        const int Part = 1460;
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(device);
        var answer = new byte[2048];
        var started = Stopwatch.GetTimestamp();
        byte id = 0;
        for (var position = 0; position < length; position += Part)
        {
            socket.Send(Request(id++, position, Part));
            if (socket.Receive(answer) < Math.Min(Part, length - position))
            {
                throw new InvalidOperationException("The device answered with less than was asked for.");
            }
        }

        return Stopwatch.GetElapsedTime(started);
    }

    private static byte[] Request(byte id, int position, int count)
    {
        var payload = new BacnetWriter(32);
        payload.WriteObjectId(new BacnetObjectId(BacnetObjectType.File, Plain));
        payload.WriteOpening(0);
        payload.WriteSigned(position);
        payload.WriteUnsigned((uint)count);
        payload.WriteClosing(0);
        var apdu = new BacnetWriter(64);
        new Apdu(ApduKind.ConfirmedRequest)
        {
            InvokeId = id, Service = (byte)BacnetConfirmedService.AtomicReadFile, MaxApdu = ApduSizes.Largest, Payload = payload.Memory,
        }.Encode(apdu);
        var npdu = new BacnetWriter(64);
        new Npdu(apdu.Memory, ExpectsReply: true).Encode(npdu);
        var datagram = new BacnetWriter(64);
        new Bvlc(BvlcFunction.OriginalUnicast, npdu.Memory).Encode(datagram);
        return datagram.ToArray();
    }
}
