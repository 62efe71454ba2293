using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>
/// The items that are waited for, in the order of their requests, and which of them are read together. Small ones travel
/// in company; where they are asked for in the listing's order, those that follow are read ahead. A large one travels
/// alone, since its bytes are not kept.
/// </summary>
internal sealed class SshItemQueue : IDisposable
{
    /// <summary>Up to this length an item is kept in memory until it has been proven.</summary>
    public const int SmallLimit = 256 * 1024;

    private const int BatchCount = 256;
    private const int BatchLength = 4 * 1024 * 1024;

    /// <summary>Names are arguments of programs on the device, for which old systems have little room.</summary>
    private const int BatchNames = 24 * 1024;

    private const int FirstAhead = 16;
    private const int PauseAfterMiss = 8;

    /// <summary>How far from the listing's order requests may come and still count as following it.</summary>
    private const int Slack = 16;

    private readonly Lock sync = new();
    private readonly LinkedList<SshItemRequest> waiting = [];
    private readonly SemaphoreSlim signal = new(0);
    private readonly Dictionary<string, SshItemRequest> ahead = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> order = new(StringComparer.Ordinal);
    private List<Item> listed = [];
    private int expected = -1;
    private int reach;
    private int lastAhead;
    private int pause;

    /// <summary>Whether anybody waits.</summary>
    public bool HasWaiting
    {
        get
        {
            lock (sync)
            {
                return waiting.Count > 0;
            }
        }
    }

    /// <summary>Tells the files of a listing in their order.</summary>
    public void SetOrder(IEnumerable<Item> files)
    {
        lock (sync)
        {
            listed = [.. files];
            order.Clear();
            for (var index = 0; index < listed.Count; index++)
            {
                order[listed[index].Path] = index;
            }

            expected = -1;
            (reach, lastAhead, pause) = (0, 0, 0);
            ahead.Clear();
        }
    }

    /// <summary>Asks for an item.</summary>
    public SshItemRequest Add(Item item, bool isAlone)
    {
        lock (sync)
        {
            Foresee(item.Path);
            if (!isAlone && ahead.Remove(item.Path, out var early))
            {
                return early;
            }

            var request = new SshItemRequest(item) { IsAlone = isAlone };
            waiting.AddLast(request);
            signal.Release();
            return request;
        }
    }

    /// <summary>Puts a request back in front of all others.</summary>
    public void Return(SshItemRequest request)
    {
        lock (sync)
        {
            waiting.AddFirst(request);
            signal.Release();
        }
    }

    /// <summary>Waits for requests and takes those that are read together.</summary>
    public async Task<IReadOnlyList<SshItemRequest>> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await signal.WaitAsync(cancellationToken).ConfigureAwait(false);
            lock (sync)
            {
                var batch = Take();
                if (batch.Count > 0)
                {
                    return batch;
                }
            }
        }
    }

    /// <summary>Ends all requests that are still waiting.</summary>
    public void FailAll(Exception exception)
    {
        lock (sync)
        {
            foreach (var request in waiting)
            {
                request.Fail(exception);
            }

            waiting.Clear();
        }
    }

    public void Dispose() => signal.Dispose();

    private static bool IsSmall(SshItemRequest request) => request.Item.Length <= SmallLimit && !request.IsAlone;

    /// <summary>Notes whether the requests follow the listing, those of several readers at once a little out of order.</summary>
    private void Foresee(string path)
    {
        if (!order.TryGetValue(path, out var index))
        {
            return;
        }

        if (expected >= 0 && Math.Abs(index - expected) > Slack)
        {
            reach = 0;
            ahead.Clear();
            expected = index + 1;
        }
        else
        {
            expected = Math.Max(expected, index + 1);
        }
    }

    private List<SshItemRequest> Take()
    {
        var batch = new List<SshItemRequest>();
        var length = 0L;
        var names = 0;
        var last = -1;
        for (var node = waiting.First; node is not null && batch.Count < BatchCount;)
        {
            var (request, next) = (node.Value, node.Next);
            if (request.IsAbandoned)
            {
                waiting.Remove(node);
            }
            else if (batch.Count == 0 && !IsSmall(request))
            {
                waiting.Remove(node);
                return [request];
            }
            else if (IsSmall(request) && length + request.Item.Length <= BatchLength && names + request.Item.Path.Length <= BatchNames)
            {
                waiting.Remove(node);
                batch.Add(request);
                length += request.Item.Length;
                names += request.Item.Path.Length;
                last = Math.Max(last, order.GetValueOrDefault(request.Item.Path, -1));
            }

            node = next;
        }

        if (batch.Count > 0 && last >= 0 && last + 1 >= expected)
        {
            ReadAhead(batch, last, length, names);
        }

        return batch;
    }

    private void ReadAhead(List<SshItemRequest> batch, int last, long length, int names)
    {
        if (pause > 0)
        {
            pause--;
            return;
        }

        if (ahead.Count * 2 > lastAhead)
        {
            // Most of what was read ahead was not wanted: unchanged items lie between.
            (reach, lastAhead, pause) = (0, 0, PauseAfterMiss);
            ahead.Clear();
            return;
        }

        // A single request says nothing of an order yet.
        reach = batch.Count == 1 && reach == 0 && last == 0 ? 0 : reach == 0 ? FirstAhead : Math.Min(reach * 2, BatchCount);
        var before = batch.Count;
        for (var index = last + 1; index < listed.Count && index <= last + reach && batch.Count < BatchCount; index++)
        {
            var item = listed[index];
            if (item.Length > SmallLimit || length + item.Length > BatchLength || names + item.Path.Length > BatchNames || ahead.ContainsKey(item.Path))
            {
                break;
            }

            var request = new SshItemRequest(item);
            ahead[item.Path] = request;
            batch.Add(request);
            length += item.Length;
            names += item.Path.Length;
        }

        lastAhead = batch.Count - before;
    }
}
