using System.Diagnostics;
using Leaps.Actors.Control;
using Leaps.Actors.Protocol;
using Leaps.Actors.Tests.Journal;
using Leaps.Model;
using Command = Leaps.Actors.Protocol.ControlRequest.Types.Command;

namespace Leaps.Actors.Tests.Control;

/// <summary>A killed process leaves its socket and address: neither misleads those who come after.</summary>
public sealed class ControlCrashTests : IDisposable
{
    private const string FolderVariable = "LEAPS_CONTROL_CRASH_FOLDER";

    private static readonly Guid Run = new("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private Task<ControlReply> Ask(Command command) => ControlClient.Ask(
        folder.Name, new ControlRequest { Command = command }, Patience,
        TestContext.Current.CancellationToken);

    [Fact]
    public async Task After_a_kill_the_asker_is_told_and_the_next_process_takes_over_the_stale_socket()
    {
        var cancellation = TestContext.Current.CancellationToken;
        using var child = StartChild(nameof(Child_answers_until_it_is_killed));
        var deadline = Stopwatch.StartNew();
        while (!File.Exists(folder.File("control.addr")))
        {
            Assert.False(child.HasExited, "the child ended by itself");
            Assert.True(deadline.Elapsed < Patience, "the child never listened");
            await Task.Delay(5, cancellation);
        }
        Assert.Equal("from the child", (await Ask(Command.Status)).Text);
        var asking = Ask(Command.Checkpoint);
        while (!File.Exists(folder.File("asked")))
            await Task.Delay(5, cancellation);
        child.Kill();
        await child.WaitForExitAsync(cancellation);

        var ended = await Assert.ThrowsAsync<LeapsException>(() => asking);
        Assert.Contains("its process ended before it answered", ended.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(folder.File("control.sock")), "the killed process removed its socket");
        var gone = await Assert.ThrowsAsync<LeapsException>(() => Ask(Command.Status));
        Assert.Equal($"{folder.Name}: no process runs it now; start it again with leaps resume {folder.Name}",
            gone.Message);

        await using var server = ControlServer.Start(folder.Name, Run,
            (_, _) => Task.FromResult(new ControlReply { Text = "from the next" }), _ => { });
        Assert.Equal("from the next", (await Ask(Command.Status)).Text);
    }

    /// <summary>The child of the test above; it ends only by being killed.</summary>
    [Fact(Explicit = true)]
    public async Task Child_answers_until_it_is_killed()
    {
        string target = Environment.GetEnvironmentVariable(FolderVariable)
            ?? throw new InvalidOperationException($"Set {FolderVariable}: this runs as a child only.");
        await using var server = ControlServer.Start(target, Run, async (request, cancellation) =>
        {
            if (request.Command == Command.Checkpoint)
            {
                await File.WriteAllTextAsync(Path.Combine(target, "asked"), "", cancellation);
                await Task.Delay(Timeout.Infinite, cancellation);
            }
            return new ControlReply { Text = "from the child" };
        }, _ => { });
        await Task.Delay(Patience, TestContext.Current.CancellationToken);
    }

    private Process StartChild(string method)
    {
        var tests = typeof(ControlCrashTests);
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            ["exec", tests.Assembly.Location, "-explicit", "only", "-method", $"{tests.FullName}.{method}"])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        start.Environment[FolderVariable] = folder.Name;
        return Process.Start(start)!;
    }
}
