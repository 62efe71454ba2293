using System.Net;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>How a client speaks.</summary>
public sealed record BacnetClientOptions
{
    /// <summary>The local address and port; null: any address and a free port.</summary>
    public IPEndPoint? Local { get; init; }

    /// <summary>How long an answer is waited for before the request is sent again (APDU_Timeout).</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How often a request is sent again (Number_Of_APDU_Retries).</summary>
    public int Retries { get; init; } = 3;

    /// <summary>How long the next part of a message or its acknowledgement is waited for (APDU_Segment_Timeout).</summary>
    public TimeSpan SegmentTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Parts before an acknowledgement, 1 to 127: proposed for requests, the most that is granted for answers.</summary>
    public int WindowSize { get; init; } = 32;

    /// <summary>Whether answers in parts are taken and long requests are sent in parts.</summary>
    public bool OffersSegmentation { get; init; } = true;

    /// <summary>The longest APDU that is taken: 50, 128, 206, 480, 1024 or 1476; others are rounded down.</summary>
    public int MaxApdu { get; init; } = ApduSizes.Largest;

    /// <summary>The most parts of one answer: 2, 4, 8, 16, 32 or 64; others are rounded down.</summary>
    public int MaxSegments { get; init; } = 64;

    /// <summary>A broadcast management device to register with; broadcasts then go through it.</summary>
    public IPEndPoint? Bbmd { get; init; }

    /// <summary>How long the registration with <see cref="Bbmd"/> holds; it is renewed at half of it.</summary>
    public TimeSpan BbmdTimeToLive { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>What it shares with other clients of this process, so that all who search hear what is broadcast; null: it is alone.</summary>
    public BacnetEars? Ears { get; init; }

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Called with one line where something is worth telling: a retry, a registration that failed. Never a secret.</summary>
    public Action<string>? Trace { get; init; }
}
