using System.Diagnostics.CodeAnalysis;

namespace Leaps.Actors.Journal;

/// <summary>
/// The effects of an event-sourced actor, in order: each may happen once the events before it are durable.
/// Meanwhile the actor goes on with further messages.
/// </summary>
internal sealed class DurableEffects
{
    private readonly Queue<(long AfterEvent, Effect Effect)> _waiting = new();
    private long _events, _durable;

    /// <param name="effect">the next one</param>
    /// <param name="append">writes an event; <see cref="EventIsDurable"/> is called for each</param>
    public void Add(Effect effect, Action<Persist> append)
    {
        if (effect is Persist persist)
        {
            _events++;
            append(persist);
        }
        else
        {
            Add(effect);
        }
    }

    /// <summary>The next one, which is no event.</summary>
    public void Add(Effect effect) => _waiting.Enqueue((_events, effect));

    /// <summary>The oldest event that was not durable is.</summary>
    public void EventIsDurable() => _durable++;

    /// <summary>The next effect, if it may happen now.</summary>
    public bool TryTake([NotNullWhen(true)] out Effect? effect)
    {
        bool may = _waiting.TryPeek(out var next) && next.AfterEvent <= _durable;
        effect = may ? _waiting.Dequeue().Effect : null;
        return may;
    }
}

/// <summary>To an actor from its journal: the oldest of its events that was not durable is.</summary>
internal sealed record EventDurable;
