using Leaps.Actors.Coordinator;
using Leaps.Actors.Protocol;

namespace Leaps.Simulation.Tests;

/// <summary>Takes the steps of the scenario one after the other, each until it is answered.</summary>
internal sealed class SimulatedUser(Simulation simulation)
{
    private const long Patience = 50_000;
    private int _step;

    public bool HasFinished => _step >= simulation.Scenario.User.Count;

    public void Start() => Wait();

    public void OnReply(ControlReply reply)
    {
        if (!HasFinished && simulation.Scenario.User[_step].Request?.Request == reply.Request)
            Advance();
    }

    public void OnSnapshotsTaken()
    {
        if (!HasFinished && simulation.Scenario.User[_step].Request is null)
            Advance();
    }

    private void Advance()
    {
        _step++;
        Wait();
    }

    private void Wait()
    {
        int step = _step;
        if (!HasFinished)
            simulation.Clock.After(simulation.Scenario.User[step].Delay, () => Ask(step));
    }

    // The coordinator may die before it answers.
    private void Ask(int step)
    {
        if (step != _step)
            return;
        simulation.Coordinator?.Post(simulation.Scenario.User[step].Request is { } request
            ? new ControlAsked("user", request) : new SnapshotsWanted());
        simulation.Clock.After(Patience, () => Ask(step));
    }
}
