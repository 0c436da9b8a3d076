using Leaps.Actors.Control;
using Leaps.Actors.Protocol;
using Leaps.Host.Configuration;
using Leaps.Host.Execution;
using static Leaps.Actors.Protocol.ControlRequest.Types;

namespace Leaps.Host.Tests.Execution;

/// <summary>What a request of the user means for the run directory.</summary>
public sealed class RunControlTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(Command.Cancel, true, true)]
    [InlineData(Command.Pause, true, true)]
    [InlineData(Command.Status, true, false)]
    [InlineData(Command.Pause, false, false)]
    public async Task A_run_whose_user_changed_it_stays_though_nothing_was_settled(
        Command command, bool atWork, bool stays)
    {
        string path = _folder.PathOf("out");
        using (var directory = RunDirectory.Create(path))
        {
            directory.WriteText(RunDirectory.Configuration, "seed: 1\n");
            using var control = RunControl.Listen(directory, Guid.NewGuid(), static _ => { });
            if (atWork)
                control.Use((_, _) => Task.FromResult(new ControlReply { Accepted = true }));
            var reply = await ControlClient.Ask(path, new ControlRequest { Command = command },
                TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            Assert.Equal(atWork, reply.Accepted);
        }
        Assert.Equal(stays, Directory.Exists(path));
    }
}
