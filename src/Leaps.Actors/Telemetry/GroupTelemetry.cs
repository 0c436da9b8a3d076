using Leaps.Actors.Protocol;
using Leaps.Actors.WalkerGroup;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace Leaps.Actors.Telemetry;

/// <summary>
/// What is told of one life of a walker group: it sees the state before and after every message, so that the
/// state itself knows nothing of it. On the actor's thread.
/// </summary>
/// <param name="run">the run</param>
/// <param name="group">number of the group</param>
/// <param name="claimed">when this life began, from <see cref="RunTelemetry.Begin"/></param>
internal sealed class GroupTelemetry(RunTelemetry run, int group, DateTimeOffset? claimed)
{
    private DateTimeOffset? _claimed = claimed;
    private DateTimeOffset? _planned;

    /// <summary>The state has taken a message.</summary>
    public void Applied(object message, WalkerGroupState before, WalkerGroupState after)
    {
        if (!run.IsHeard)
            return;
        int gained = after.Window - before.Window;
        if (message is WindowMoved moved)
        {
            run.WindowMoved(moved.Cost);
            EndTakeOver(after);
            // One that came too late was moved for nothing.
            gained--;
        }
        if (gained < 0)
            run.TakenBack(-gained);
        if (message is ResamplingPlan plan && plan.Resampling == before.Resampling + 1)
            _planned ??= run.Begin();
        if (_planned is not null && after.Resampling > before.Resampling)
        {
            run.End(MetricNames.ExchangeSpan, _planned, GroupTag, WindowTag(after.Window),
                new Tag(MetricNames.Resampling, after.Resampling));
            _planned = null;
        }
    }

    /// <summary>A message leaves the group.</summary>
    public void Sends(object body)
    {
        if (body is WalkerTransfer transfer && run.CountsTransfers)
            run.Transferred(transfer.CalculateSize());
    }

    /// <summary>Takes what is to be called when the snapshot is stored; null: nobody wants to know.</summary>
    public Action? BeginSnapshot(Snapshot snapshot)
    {
        if (run.Begin() is not { } began)
            return null;
        int window = snapshot.Window;
        return () => run.End(MetricNames.SnapshotSpan, began, GroupTag, WindowTag(window));
    }

    private void EndTakeOver(WalkerGroupState after)
    {
        if (_claimed is null)
            return;
        run.End(MetricNames.TakeOverSpan, _claimed, GroupTag, WindowTag(after.Window));
        _claimed = null;
    }

    private Tag GroupTag => new(MetricNames.Group, group);

    private static Tag WindowTag(int window) => new(MetricNames.Window, window);
}
