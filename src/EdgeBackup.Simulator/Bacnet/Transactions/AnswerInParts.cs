using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Simulator.Bacnet.Link;

namespace EdgeBackup.Simulator.Bacnet.Transactions;

/// <summary>An answer that is on its way in parts. Called under the device's lock; its timer takes it.</summary>
internal sealed class AnswerInParts : IDisposable
{
    private readonly SimulatedBacnetDevice device;
    private readonly BacnetOrigin origin;
    private readonly BacnetSegmentSender parts;
    private readonly Apdu shape;
    private readonly Action done;
    private readonly ITimer timer;
    private int silences;
    private bool isOver;

    public AnswerInParts(SimulatedBacnetDevice device, BacnetOrigin origin, BacnetSegmentSender parts, Apdu shape, Action done)
    {
        this.device = device;
        this.origin = origin;
        this.parts = parts;
        this.shape = shape;
        this.done = done;
        timer = TimeProvider.System.CreateTimer(_ => OnSilence(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Start() => SendOutstanding();

    public void Take(in Apdu acknowledgement)
    {
        silences = 0;
        var sendsMore = parts.Take(acknowledgement);
        if (parts.IsDone)
        {
            done();
        }
        else if (sendsMore)
        {
            SendOutstanding();
        }
    }

    public void Dispose()
    {
        isOver = true;
        timer.Dispose();
    }

    private void SendOutstanding()
    {
        foreach (var part in parts.Outstanding(shape))
        {
            device.Send(origin, part);
        }

        timer.Change(device.Options.SegmentTimeout, Timeout.InfiniteTimeSpan);
    }

    private void OnSilence()
    {
        lock (device.Sync)
        {
            if (isOver)
            {
                return;
            }

            if (++silences > device.Options.SegmentRetries)
            {
                done();
            }
            else
            {
                SendOutstanding();
            }
        }
    }
}
