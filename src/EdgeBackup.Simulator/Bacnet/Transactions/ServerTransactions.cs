using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Simulator.Bacnet.Link;
using EdgeBackup.Simulator.Bacnet.Services;

namespace EdgeBackup.Simulator.Bacnet.Transactions;

/// <summary>
/// The answering side of clause 5.4.5: requests and answers in parts. A request that comes again when it was answered is
/// done again, as devices without a memory do. Called under the device's lock.
/// </summary>
internal sealed class ServerTransactions(SimulatedBacnetDevice device) : IDisposable
{
    private const int AnswerHeader = 3;

    private readonly Dictionary<(BacnetOrigin Origin, byte Id), RequestInParts> requests = [];
    private readonly Dictionary<(BacnetOrigin Origin, byte Id), AnswerInParts> answers = [];

    private BacnetSegmentation Segmentation => device.Options.Segmentation;

    public void Receive(BacnetOrigin origin, in Apdu apdu)
    {
        var key = (origin, apdu.InvokeId);
        switch (apdu.Kind)
        {
            case ApduKind.ConfirmedRequest when apdu.IsSegmented:
                ReceivePart(key, apdu);
                break;
            case ApduKind.ConfirmedRequest when !answers.ContainsKey(key):
                Answer(key, apdu);
                break;
            case ApduKind.SegmentAck when !apdu.IsFromServer && answers.TryGetValue(key, out var answer):
                answer.Take(apdu);
                break;
            case ApduKind.Abort when !apdu.IsFromServer:
                requests.Remove(key);
                Drop(key);
                break;
        }
    }

    /// <summary>Forgets what is on its way, as after a crash.</summary>
    public void Clear()
    {
        requests.Clear();
        foreach (var key in answers.Keys.ToList())
        {
            Drop(key);
        }
    }

    public void Dispose() => Clear();

    private void ReceivePart((BacnetOrigin Origin, byte Id) key, in Apdu part)
    {
        if (Segmentation is not (BacnetSegmentation.Both or BacnetSegmentation.Receive))
        {
            Abort(key, BacnetAbortReason.SegmentationNotSupported);
            return;
        }

        if (!requests.TryGetValue(key, out var request) || (part.Sequence == 0 && (request.IsDone || request.IsOlderThan(4 * device.Options.SegmentTimeout))))
        {
            request = new RequestInParts(new BacnetSegmentAssembler(
                device.Options.Window, device.Options.MaxSegments, device.Options.MaxApdu - Apdu.SegmentHeaderLength(ApduKind.ConfirmedRequest)));
            requests[key] = request;
        }

        if (request.IsDone)
        {
            // The last acknowledgement was lost.
            Acknowledge(key, request.Parts, isNegative: false);
            return;
        }

        var step = request.Take(part);
        switch (step)
        {
            case BacnetSegmentStep.TooLong:
                requests.Remove(key);
                Abort(key, device.Options.TooLongReason);
                break;
            case BacnetSegmentStep.Acknowledge or BacnetSegmentStep.AskAgain or BacnetSegmentStep.Complete:
                Acknowledge(key, request.Parts, isNegative: step == BacnetSegmentStep.AskAgain);
                break;
        }

        if (step == BacnetSegmentStep.Complete)
        {
            request.IsDone = true;
            Answer(key, part with { IsSegmented = false, Payload = request.Parts.Content });
        }
    }

    private void Answer((BacnetOrigin Origin, byte Id) key, in Apdu request)
    {
        var size = Math.Min(request.MaxApdu, device.Options.MaxApdu);
        var sendsParts = request.AcceptsSegmentedAnswer && Segmentation is BacnetSegmentation.Both or BacnetSegmentation.Transmit;
        var partLength = size - Apdu.SegmentHeaderLength(ApduKind.ComplexAck);
        var mostParts = Math.Min(request.MaxSegments == 0 ? int.MaxValue : request.MaxSegments, device.Options.MaxSegments);
        var budget = sendsParts ? Math.Max(partLength * mostParts, size - AnswerHeader) : size - AnswerHeader;
        if (device.Serve((BacnetConfirmedService)request.Service, request.Payload, budget) is not { } answer)
        {
            return;
        }

        var shape = new Apdu(answer.Kind)
        {
            InvokeId = key.Id,
            Service = request.Service,
            Reason = answer.Reason,
            IsFromServer = answer.Kind == ApduKind.Abort,
            Payload = answer.Payload,
        };
        if (answer.Kind != ApduKind.ComplexAck || answer.Payload.Length + AnswerHeader <= size)
        {
            device.Send(key.Origin, shape);
        }
        else if (!sendsParts)
        {
            Abort(key, BacnetAbortReason.SegmentationNotSupported);
        }
        else if (answer.Payload.Length > budget)
        {
            Abort(key, device.Options.TooLongReason);
        }
        else
        {
            var parts = new AnswerInParts(
                device,
                key.Origin,
                new BacnetSegmentSender(answer.Payload, partLength),
                shape with { Window = device.Options.Window },
                () => Drop(key));
            answers[key] = parts;
            parts.Start();
        }
    }

    private void Acknowledge((BacnetOrigin Origin, byte Id) key, BacnetSegmentAssembler parts, bool isNegative) =>
        device.Send(key.Origin, new Apdu(ApduKind.SegmentAck)
        {
            InvokeId = key.Id,
            Sequence = parts.LastInOrder,
            Window = parts.Window,
            IsNegative = isNegative,
            IsFromServer = true,
        });

    private void Abort((BacnetOrigin Origin, byte Id) key, BacnetAbortReason reason) =>
        device.Send(key.Origin, new Apdu(ApduKind.Abort) { InvokeId = key.Id, Reason = (byte)reason, IsFromServer = true });

    private void Drop((BacnetOrigin Origin, byte Id) key)
    {
        if (answers.Remove(key, out var answer))
        {
            answer.Dispose();
        }
    }

    private sealed class RequestInParts(BacnetSegmentAssembler parts)
    {
        private long last = TimeProvider.System.GetTimestamp();

        public BacnetSegmentAssembler Parts => parts;

        public bool IsDone { get; set; }

        public bool IsOlderThan(TimeSpan age) => TimeProvider.System.GetElapsedTime(last) > age;

        public BacnetSegmentStep Take(in Apdu part)
        {
            last = TimeProvider.System.GetTimestamp();
            return parts.Take(part);
        }
    }
}
