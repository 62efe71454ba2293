using System.Net;
using System.Net.Sockets;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Bacnet;

/// <summary>Devices that answer a search by broadcast are heard by all who search at once, each with a client of its own.</summary>
public sealed class BacnetEarsTests
{
    private static readonly TimeSpan Searching = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Two_clients_that_search_at_once_both_hear_what_is_broadcast()
    {
        if (!OperatingSystem.IsLinux())
        {
            // Elsewhere loopback has no broadcast address.
            return;
        }

        var options = new BacnetClientOptions { Ears = new BacnetEars() };
        await using var one = await BacnetClient.OpenAsync(options, CancellationToken.None);
        await using var two = await BacnetClient.OpenAsync(options, CancellationToken.None);
        var port = FindPort();
        using var ending = new CancellationTokenSource();

        var (first, second) = (new TaskCompletionSource<uint>(), new TaskCompletionSource<uint>());
        var work = Task.WhenAll(HearAsync(one, port, first, ending.Token), HearAsync(two, port, second, ending.Token), AnnounceAsync(port, ending.Token));
        await Task.WhenAny(Task.WhenAll(first.Task, second.Task), work);
        await ending.CancelAsync();
        await work;

        Assert.True(first.Task.IsCompleted && second.Task.IsCompleted);

        // Nobody listens any more: the port is free for other programs.
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Any, port));
    }

    [Fact]
    public async Task An_ear_stays_open_until_the_last_who_listens_has_left()
    {
        var ears = new BacnetEars();
        var (first, second) = (0, 0);
        var port = FindPort();
        var one = (await ears.OpenAsync(port, (_, _) => first++, _ => { }, CancellationToken.None))!;
        var two = (await ears.OpenAsync(port, (_, _) => Interlocked.Increment(ref second), _ => { }, CancellationToken.None))!;
        await one.DisposeAsync();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

        await Wait.UntilAsync(() =>
        {
            socket.SendTo([1], new IPEndPoint(IPAddress.Loopback, port));
            return Volatile.Read(ref second) > 0;
        });

        Assert.Equal(0, first);
        await two.DisposeAsync();
    }

    [Fact]
    public async Task A_socket_that_died_is_replaced_for_who_comes_next_and_those_who_listened_before_hear_again()
    {
        var ears = new BacnetEars();
        var port = FindPort();
        var (first, second, failed, hasThrown) = (0, 0, 0, false);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

        // What nobody may do ends the receive loop as what the system may do.
        var one = (await ears.OpenAsync(port, HearOnce, _ => Volatile.Write(ref failed, 1), CancellationToken.None))!;
        await SendUntilAsync(() => Volatile.Read(ref failed) > 0);
        var two = (await ears.OpenAsync(port, (_, _) => Interlocked.Increment(ref second), _ => { }, CancellationToken.None))!;
        await SendUntilAsync(() => Volatile.Read(ref second) > 0);

        Assert.True(Volatile.Read(ref first) > 0);
        await two.DisposeAsync();
        await one.DisposeAsync();
        using var next = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        next.Bind(new IPEndPoint(IPAddress.Any, port));

        void HearOnce(ReadOnlyMemory<byte> datagram, IPEndPoint sender)
        {
            if (!hasThrown)
            {
                hasThrown = true;
                throw new InvalidOperationException("The socket dies.");
            }

            Interlocked.Increment(ref first);
        }

        Task SendUntilAsync(Func<bool> condition) => Wait.UntilAsync(() =>
        {
            try
            {
                socket.SendTo([1], new IPEndPoint(IPAddress.Loopback, port));
            }
            catch (SocketException)
            {
                // What an earlier one met while nobody had the port.
            }

            return condition();
        });
    }

    [Fact]
    public async Task A_search_whose_socket_died_listens_again_with_its_second_question()
    {
        if (!OperatingSystem.IsLinux())
        {
            // Elsewhere loopback has no broadcast address.
            return;
        }

        var ears = new BacnetEars();
        var port = FindPort();
        var clock = new HandClock();
        var isDead = 0;
        await using var client = await BacnetClient.OpenAsync(new BacnetClientOptions { Ears = ears, Clock = clock }, CancellationToken.None);
        using var ending = new CancellationTokenSource();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        var one = (await ears.OpenAsync(port, (_, _) => throw new InvalidOperationException("The socket dies."), _ => Volatile.Write(ref isDead, 1), CancellationToken.None))!;
        var heard = new TaskCompletionSource<uint>();
        var search = HearAsync(client, port, heard, ending.Token);
        await Wait.UntilAsync(() =>
        {
            socket.SendTo([1], new IPEndPoint(IPAddress.Loopback, port));
            return Volatile.Read(ref isDead) > 0;
        });

        await one.DisposeAsync();
        clock.Advance(Searching * 0.6);
        var announcing = AnnounceAsync(port, ending.Token);
        await Task.WhenAny(heard.Task, search, announcing);
        await ending.CancelAsync();
        await Task.WhenAll(search, announcing);

        Assert.True(heard.Task.IsCompleted);
    }

    /// <summary>Listens until it is told to stop, also when somebody was heard.</summary>
    private static async Task HearAsync(BacnetClient client, int port, TaskCompletionSource<uint> first, CancellationToken cancellationToken)
    {
        var target = new BacnetTarget(new IPEndPoint(UdpResponder.LoopbackBroadcast, port), IsBroadcast: true);
        try
        {
            await foreach (var heard in client.WhoIsAsync(target, null, null, Searching, cancellationToken))
            {
                first.TrySetResult(heard.Instance);
            }
        }
        catch (OperationCanceledException)
        {
            // Both have heard it.
        }
    }

    /// <summary>Says again and again that there is a device, as one that answers everybody by broadcast.</summary>
    private static async Task AnnounceAsync(int port, CancellationToken cancellationToken)
    {
        var payload = new BacnetWriter(16);
        payload.WriteObjectId(new BacnetObjectId(BacnetObjectType.Device, 1234));
        payload.WriteUnsigned(480);
        payload.WriteEnumerated((uint)BacnetSegmentation.None);
        payload.WriteUnsigned(999);
        var writer = new BacnetWriter(64);
        Bvlc.Begin(writer, BvlcFunction.OriginalBroadcast);
        new Npdu(default).WriteHeader(writer);
        new Apdu(ApduKind.UnconfirmedRequest) { Service = (byte)BacnetUnconfirmedService.IAm, Payload = payload.ToArray() }.Encode(writer);
        Bvlc.End(writer, 0);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { EnableBroadcast = true };
        for (var turn = 0; turn < 6000 && !cancellationToken.IsCancellationRequested; turn++)
        {
            socket.SendTo(writer.Span, new IPEndPoint(UdpResponder.LoopbackBroadcast, port));
            await Task.Delay(20, CancellationToken.None);
        }
    }

    /// <summary>A port that nobody has, outside those that the system gives to whoever asks for any.</summary>
    private static int FindPort()
    {
        for (var port = 20_000 + (Environment.ProcessId % 5000); ; port++)
        {
            try
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                socket.Bind(new IPEndPoint(IPAddress.Any, port));
                return port;
            }
            catch (SocketException)
            {
                // The next one.
            }
        }
    }
}
