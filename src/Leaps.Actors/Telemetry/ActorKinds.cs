namespace Leaps.Actors.Telemetry;

/// <summary>Kinds of actors that a node hosts: values of <see cref="MetricNames.Kind"/>.</summary>
public static class ActorKinds
{
    public const string Home = "home";
    public const string Group = "group";
    public const string Rollouts = "rollouts";

    public static IReadOnlyList<string> All { get; } = [Home, Group, Rollouts];

    public static string Of(ActorKey key) => key.IsHome ? Home : key.IsRolloutMaker ? Rollouts : Group;
}
