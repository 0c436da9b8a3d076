using System.Collections.Immutable;

namespace Leaps.Actors.Protocol;

/// <summary>What a delivery is to an actor that must act on each message once.</summary>
public enum Delivery
{
    /// <summary>New; every earlier message of the sender's epoch is here too.</summary>
    Accepted,

    /// <summary>New, but an earlier message of the sender's epoch has not come yet.</summary>
    AcceptedBeyondGap,

    /// <summary>Seen before: to be acknowledged and ignored.</summary>
    Duplicate,

    /// <summary>From an incarnation of the sender that has been replaced: to be ignored.</summary>
    StaleEpoch,
}

/// <summary>What has been received from one sender in its latest epoch.</summary>
/// <param name="Epoch">the latest epoch seen</param>
/// <param name="Through">every sequence number 1 … this has been received</param>
/// <param name="Beyond">those received above that</param>
public sealed record ReceivedFrom(long Epoch, long Through, ImmutableSortedSet<long> Beyond);

/// <summary>
/// Makes "exactly once" of "at least once": each (sender, epoch, sequence) is accepted one time, in whatever
/// order messages come and however often. Immutable, so it is a part of an actor's state.
/// </summary>
/// <param name="Senders">what has been received so far, by sender</param>
public sealed record DuplicateFilter(ImmutableSortedDictionary<string, ReceivedFrom> Senders)
{
    public static DuplicateFilter Empty { get; } =
        new(ImmutableSortedDictionary.Create<string, ReceivedFrom>(StringComparer.Ordinal));

    /// <param name="sender">name of the sending actor</param>
    /// <param name="epoch">its incarnation, from 1; a newer one makes all older ones stale</param>
    /// <param name="sequence">from 1 in each epoch</param>
    /// <returns>the filter after the delivery, and what the delivery is</returns>
    public (DuplicateFilter Filter, Delivery Delivery) Receive(string sender, long epoch, long sequence)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(epoch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(sequence, 1);
        var received = Senders.GetValueOrDefault(sender);
        if (received is null || received.Epoch < epoch)
            received = new ReceivedFrom(epoch, 0, []);
        else if (epoch < received.Epoch)
            return (this, Delivery.StaleEpoch);
        if (sequence <= received.Through || received.Beyond.Contains(sequence))
            return (this, Delivery.Duplicate);

        long through = received.Through;
        var beyond = received.Beyond;
        if (sequence > through + 1)
        {
            beyond = beyond.Add(sequence);
        }
        else
        {
            through = sequence;
            while (!beyond.IsEmpty && beyond.Min == through + 1)
                beyond = beyond.Remove(++through);
        }
        var next = new DuplicateFilter(Senders.SetItem(sender, new ReceivedFrom(epoch, through, beyond)));
        return (next, sequence > through ? Delivery.AcceptedBeyondGap : Delivery.Accepted);
    }

    /// <inheritdoc cref="Receive(string, long, long)"/>
    public (DuplicateFilter Filter, Delivery Delivery) Receive(Envelope envelope) =>
        Receive(envelope.Sender, envelope.Epoch, envelope.Sequence);

    /// <summary>The runs of sequence numbers missing before the last one received, ends included.</summary>
    public IEnumerable<(long First, long Last)> Gaps(string sender)
    {
        if (!Senders.TryGetValue(sender, out var received)) yield break;
        long expected = received.Through + 1;
        foreach (long sequence in received.Beyond)
        {
            if (sequence > expected) yield return (expected, sequence - 1);
            expected = sequence + 1;
        }
    }
}
