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
            var ear = ears.GetValueOrDefault(port) ?? new Ear();
            if (ear.IsDeaf)
            {
                // Those who listened with a socket that died hear again with the new one.
                await ear.OpenAsync(port).ConfigureAwait(false);
            }

            ears[port] = ear;
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
                await ear.CloseAsync().ConfigureAwait(false);
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
        private volatile bool isDeaf = true;
        private BacnetLink? link;

        /// <summary>Whether nothing is heard: its socket has died, or there is none yet.</summary>
        public bool IsDeaf => isDeaf;

        /// <summary>Never changed, only replaced: the receive loop goes through them without the gate.</summary>
        public Listener[] Listeners
        {
            get => listeners;
            set => listeners = value;
        }

        /// <summary>Opens the socket, in the place of one that died.</summary>
        /// <exception cref="SocketException">Another program has the port.</exception>
        public async Task OpenAsync(int port)
        {
            await CloseAsync().ConfigureAwait(false);
            isDeaf = false;
            try
            {
                link = BacnetLink.Open(new IPEndPoint(IPAddress.Any, port), mayShare: false, Hear, Fail);
            }
            catch
            {
                isDeaf = true;
                throw;
            }
        }

        public async Task CloseAsync()
        {
            if (link is { } open)
            {
                link = null;
                await open.DisposeAsync().ConfigureAwait(false);
            }
        }

        private void Hear(ReadOnlyMemory<byte> datagram, IPEndPoint sender)
        {
            foreach (var listener in Listeners)
            {
                listener.Hear(datagram, sender);
            }
        }

        private void Fail(Exception reason)
        {
            isDeaf = true;
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
