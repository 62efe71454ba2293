namespace EdgeBackup.Simulator.Bacnet.Link;

/// <summary>What becomes of a datagram.</summary>
public enum WireFate
{
    Deliver,

    /// <summary>It is gone.</summary>
    Lose,

    /// <summary>It arrives twice.</summary>
    Repeat,

    /// <summary>It arrives <see cref="SimulatedWire.LateBy"/> later, behind others.</summary>
    Delay,

    /// <summary>It arrives behind the one that is sent next.</summary>
    Swap,
}

/// <summary>A datagram whose fate is asked for.</summary>
/// <param name="IsInbound">Towards the simulated device.</param>
/// <param name="Number">Which one in its direction, from 1.</param>
/// <param name="Bytes">The whole datagram.</param>
public readonly record struct WireDatagram(bool IsInbound, int Number, ReadOnlyMemory<byte> Bytes);

/// <summary>
/// The network between a simulated device and the rest: how long it takes, and what it does to datagrams. The rates are
/// shares between 0 and 1, drawn from <see cref="Seed"/>: the same datagrams in the same order meet the same fates.
/// </summary>
public sealed class SimulatedWire
{
    private readonly Lock gate = new();
    private Random random = new(1);
    private int inbound;
    private int outbound;

    /// <summary>How long every datagram is on its way; each direction.</summary>
    public TimeSpan Latency { get; set; }

    public double LostRate { get; set; }

    public double DoubledRate { get; set; }

    public double LateRate { get; set; }

    public double SwappedRate { get; set; }

    public TimeSpan LateBy { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a swapped datagram waits for another to pass it; without one it arrives then.</summary>
    public TimeSpan SwapPatience { get; set; } = TimeSpan.FromMilliseconds(30);

    /// <summary>Decides instead of the rates; null: the rates do.</summary>
    public Func<WireDatagram, WireFate>? Decide { get; set; }

    /// <summary>Datagrams that did not simply arrive, so far.</summary>
    public int Troubled { get; private set; }

    /// <summary>Begins the row of fates anew.</summary>
    public void Seed(int seed)
    {
        lock (gate)
        {
            random = new Random(seed);
        }
    }

    /// <summary>A wire that does nothing to datagrams any more; the latency stays.</summary>
    public void Mend()
    {
        lock (gate)
        {
            LostRate = DoubledRate = LateRate = SwappedRate = 0;
            Decide = null;
        }
    }

    /// <summary>The fate of the datagram that comes next.</summary>
    public WireFate Next(bool isInbound, ReadOnlyMemory<byte> bytes)
    {
        lock (gate)
        {
            var number = isInbound ? ++inbound : ++outbound;
            var fate = Decide is { } decide ? decide(new WireDatagram(isInbound, number, bytes)) : Draw();
            Troubled += fate == WireFate.Deliver ? 0 : 1;
            return fate;
        }
    }

    private WireFate Draw()
    {
        var total = LostRate + DoubledRate + LateRate + SwappedRate;
        if (total <= 0)
        {
            return WireFate.Deliver;
        }

        var drawn = random.NextDouble();
        return drawn < LostRate ? WireFate.Lose
            : drawn < LostRate + DoubledRate ? WireFate.Repeat
            : drawn < LostRate + DoubledRate + LateRate ? WireFate.Delay
            : drawn < total ? WireFate.Swap
            : WireFate.Deliver;
    }
}
