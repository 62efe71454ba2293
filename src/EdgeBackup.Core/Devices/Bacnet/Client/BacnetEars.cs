using System.Net;
using System.Net.Sockets;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>
/// The ports that clients listen on for answers by broadcast: one socket a port, whoever of them listens, since the system
/// gives a port to one only. Thread-safe.
/// </summary>
public sealed class BacnetEars
{
    private readonly Dictionary<int, Ear> ears = [];

    /// <summary>Holds nothing of the system's, so that nobody has to dispose it.</summary>
    private SemaphoreSlim Gate { get; } = new(1);

    /// <summary>Listens on a port.</summary>
    /// <param name="port">Of every local address.</param>
    /// <param name="hear">Gets each datagram, good until it returns; must not throw.</param>
    /// <param name="fail">Told when nothing is heard any more for a reason that should not be.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Ends it when disposed; null: another program has the port.</returns>
    internal async Task<IAsyncDisposable?> OpenAsync(int port, Action<ReadOnlyMemory<byte>, IPEndPoint> hear, Action<Exception> fail, CancellationToken cancellationToken)
    {
        await Gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!ears.TryGetValue(port, out var ear))
            {
                ear = new Ear();
                ear.Link = BacnetLink.Open(new IPEndPoint(IPAddress.Any, port), mayShare: false, ear.Hear, ear.Fail);
                ears[port] = ear;
            }

            var listener = new Listener(this, port, ear, hear, fail);
            ear.Listeners = [.. ear.Listeners, listener];
            return listener;
        }
        catch (SocketException)
        {
            return null;
        }
        finally
        {
            Gate.Release();
        }
    }

    private async Task CloseAsync(Listener listener)
    {
        await Gate.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            var ear = listener.Ear;
            ear.Listeners = [.. ear.Listeners.Where(other => other != listener)];
            if (ear.Listeners.Length == 0)
            {
                // Whoever wants the port next waits until the socket is gone.
                ears.Remove(listener.Port);
                await ear.Link.DisposeAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            Gate.Release();
        }
    }

    /// <summary>An open socket and who listens.</summary>
    private sealed class Ear
    {
        private volatile Listener[] listeners = [];

        public BacnetLink Link { get; set; } = null!;

        /// <summary>Never changed, only replaced: the receive loop goes through them without the gate.</summary>
        public Listener[] Listeners
        {
            get => listeners;
            set => listeners = value;
        }

        public void Hear(ReadOnlyMemory<byte> datagram, IPEndPoint sender)
        {
            foreach (var listener in Listeners)
            {
                listener.Hear(datagram, sender);
            }
        }

        public void Fail(Exception reason)
        {
            foreach (var listener in Listeners)
            {
                listener.Fail(reason);
            }
        }
    }

    private sealed class Listener(BacnetEars owner, int port, Ear ear, Action<ReadOnlyMemory<byte>, IPEndPoint> hear, Action<Exception> fail) : IAsyncDisposable
    {
        private int closed;

        public int Port => port;

        public Ear Ear => ear;

        public Action<ReadOnlyMemory<byte>, IPEndPoint> Hear => hear;

        public Action<Exception> Fail => fail;

        public async ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref closed, 1) == 0)
            {
                await owner.CloseAsync(this).ConfigureAwait(false);
            }
        }
    }
}
