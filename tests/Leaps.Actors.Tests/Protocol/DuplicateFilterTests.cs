using Leaps.Actors.Protocol;
using Leaps.Model.Random;

namespace Leaps.Actors.Tests.Protocol;

/// <summary>
/// Exactly once, whatever the order and however often: by all permutations, and against a plain set.
/// </summary>
public sealed class DuplicateFilterTests
{
    [Fact]
    public void Every_order_of_five_messages_accepts_each_once_and_ends_the_same()
    {
        int orders = 0;
        foreach (long[] order in Permutations([1, 2, 3, 4, 5]))
        {
            var filter = DuplicateFilter.Empty;
            var seen = new HashSet<long>();
            foreach (long sequence in order)
            {
                (filter, var first) = filter.Receive("group-1", 1, sequence);
                seen.Add(sequence);
                bool complete = Enumerable.Range(1, (int)sequence).All(s => seen.Contains(s));
                Assert.Equal(complete ? Delivery.Accepted : Delivery.AcceptedBeyondGap, first);
                Assert.Equal(Missing(seen), Expand(filter.Gaps("group-1")));
                var (same, second) = filter.Receive("group-1", 1, sequence);
                Assert.Equal(Delivery.Duplicate, second);
                Assert.Same(filter, same);
            }
            Assert.Equal(5, filter.Senders["group-1"].Through);
            Assert.Empty(filter.Senders["group-1"].Beyond);
            orders++;
        }
        Assert.Equal(120, orders);
    }

    [Fact]
    public void A_newer_epoch_starts_anew_and_makes_the_older_stale()
    {
        var filter = DuplicateFilter.Empty;
        (filter, _) = filter.Receive("group-1", 1, 1);
        (filter, _) = filter.Receive("group-1", 1, 4);
        Assert.Equal([(2, 3)], filter.Gaps("group-1"));
        (filter, var delivery) = filter.Receive("group-1", 3, 1);
        Assert.Equal(Delivery.Accepted, delivery);
        Assert.Empty(filter.Gaps("group-1"));
        Assert.Equal(Delivery.StaleEpoch, filter.Receive("group-1", 1, 2).Delivery);
        Assert.Equal(Delivery.StaleEpoch, filter.Receive("group-1", 2, 9).Delivery);
        Assert.Equal(Delivery.AcceptedBeyondGap, filter.Receive("group-1", 4, 2).Delivery);
    }

    [Fact]
    public void Senders_do_not_disturb_each_other()
    {
        var filter = DuplicateFilter.Empty;
        (filter, _) = filter.Receive("group-1", 7, 1);
        (filter, var delivery) = filter.Receive("group-2", 1, 1);
        Assert.Equal(Delivery.Accepted, delivery);
        Assert.Equal(Delivery.Duplicate, filter.Receive("group-1", 7, 1).Delivery);
        Assert.Empty(filter.Gaps("group-3"));
    }

    [Fact]
    public void A_filter_that_received_more_leaves_the_earlier_one_as_it_was()
    {
        var (early, _) = DuplicateFilter.Empty.Receive("group-1", 1, 1);
        _ = early.Receive("group-1", 1, 2);
        Assert.Equal(Delivery.Accepted, early.Receive("group-1", 1, 2).Delivery);
        Assert.Empty(DuplicateFilter.Empty.Senders);
    }

    [Fact]
    public void A_message_far_ahead_costs_no_more_than_a_near_one()
    {
        var (filter, _) = DuplicateFilter.Empty.Receive("group-1", 1, long.MaxValue);
        Assert.Equal([(1, long.MaxValue - 1)], filter.Gaps("group-1"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_deliveries_agree_with_a_set_of_all_that_was_seen(ulong seed)
    {
        var stream = new RandomStream(seed, RandomPurpose.Resampling);
        var filter = DuplicateFilter.Empty;
        var seen = new HashSet<(string, long, long)>();
        var latest = new Dictionary<string, long>();
        for (int step = 0; step < 900; step++)
        {
            string sender = "group-" + stream.NextInt(3);
            long epoch = 1 + step / 300 + stream.NextInt(2), sequence = 1 + stream.NextInt(80);
            (filter, var delivery) = filter.Receive(sender, epoch, sequence);
            if (epoch < latest.GetValueOrDefault(sender))
            {
                Assert.Equal(Delivery.StaleEpoch, delivery);
                continue;
            }
            latest[sender] = epoch;
            bool fresh = seen.Add((sender, epoch, sequence));
            Assert.True(fresh == delivery is Delivery.Accepted or Delivery.AcceptedBeyondGap,
                $"seed {seed}, step {step}: {delivery}");
            var now = seen.Where(s => s.Item1 == sender && s.Item2 == epoch).Select(s => s.Item3).ToHashSet();
            Assert.Equal(Missing(now), Expand(filter.Gaps(sender)));
        }
    }

    private static List<long> Missing(HashSet<long> seen)
    {
        var missing = new List<long>();
        for (long sequence = 1; sequence < seen.Max(); sequence++)
        {
            if (!seen.Contains(sequence)) missing.Add(sequence);
        }
        return missing;
    }

    private static List<long> Expand(IEnumerable<(long First, long Last)> gaps)
    {
        var all = new List<long>();
        foreach (var (first, last) in gaps)
        {
            for (long sequence = first; sequence <= last; sequence++)
                all.Add(sequence);
        }
        return all;
    }

    private static IEnumerable<long[]> Permutations(long[] items)
    {
        if (items.Length < 2)
        {
            yield return items;
            yield break;
        }
        for (int i = 0; i < items.Length; i++)
        {
            foreach (long[] rest in Permutations([.. items[..i], .. items[(i + 1)..]]))
                yield return [items[i], .. rest];
        }
    }
}
