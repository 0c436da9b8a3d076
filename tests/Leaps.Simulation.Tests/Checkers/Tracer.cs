using Leaps.Actors;
using Leaps.Actors.Coordinator;
using Leaps.Actors.Protocol;
using Leaps.Actors.WalkerGroup;

namespace Leaps.Simulation.Tests.Checkers;

/// <summary>Writes down what happens, for whoever looks for the cause of a violation.</summary>
internal sealed class Tracer(Simulation simulation, TextWriter output) : Checker
{
    public override void CoordinatorStepped(
        CoordinatorState before, object message, Transition<CoordinatorState> transition) =>
        Write(ActorNames.Coordinator, message, transition.Effects);

    public override void GroupStepped(GroupActor group, WalkerGroupState before, object message,
        Transition<WalkerGroupState> transition) =>
        Write($"{group.Name} ({group.Epoch & 0xFFFF})", message, transition.Effects);

    public override void EventDurable(CoordinatorEvent item) =>
        output.WriteLine($"{simulation.Clock.Now,9} durable: {Short(item)}");

    private void Write(string actor, object message, IEnumerable<Effect> effects)
    {
        output.WriteLine($"{simulation.Clock.Now,9} {actor} <- {Short(message)}");
        foreach (var effect in effects)
        {
            output.WriteLine(effect is Send send
                ? $"            -> {send.Recipient}: {Short(send.Body)}" : $"            {Short(effect)}");
        }
    }

    private static string Short(object message)
    {
        string text = $"{message.GetType().Name} {message}";
        return text.Length < 200 ? text : text[..200];
    }
}
