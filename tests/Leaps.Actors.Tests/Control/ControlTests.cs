using System.Collections.Concurrent;
using Leaps.Actors.Control;
using Leaps.Actors.Protocol;
using Leaps.Actors.Tests.Journal;
using Leaps.Model;
using Command = Leaps.Actors.Protocol.ControlRequest.Types.Command;

namespace Leaps.Actors.Tests.Control;

/// <summary>
/// A server and its clients over real sockets: what is answered, and what is said when nothing is.
/// </summary>
public sealed class ControlTests : IDisposable
{
    private static readonly Guid Run = new("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ClosingLimit = TimeSpan.FromMilliseconds(100);

    private readonly TemporaryFolder folder = new();
    private readonly ConcurrentQueue<string> notices = new();

    public void Dispose() => folder.Dispose();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private ControlServer Start(
        Func<ControlRequest, CancellationToken, Task<ControlReply>> handler, string? directory = null,
        ControlLimits? limits = null) =>
        ControlServer.Start(directory ?? folder.Name, Run, handler, notices.Enqueue, limits);

    private Task<ControlReply> Ask(
        Command command = Command.Status, string? directory = null, long number = 0) =>
        ControlClient.Ask(directory ?? folder.Name,
            new ControlRequest { Request = number, Command = command }, Patience, Cancellation);

    private static Task<ControlReply> Echo(ControlRequest request, CancellationToken cancellation) =>
        Task.FromResult(
            new ControlReply { Accepted = true, Text = $"{request.Command} {request.Key}".Trim() });

    private static async Task<string> Refusal(Task asking)
    {
        var refusal = await Assert.ThrowsAsync<LeapsException>(() => asking);
        Assert.DoesNotContain('\n', refusal.Message);
        return refusal.Message;
    }

    private string NotRunning => $"{folder.Name}: no process runs it now; start it again with leaps resume "
        + folder.Name;

    [Fact]
    public async Task A_request_reaches_the_run_and_its_reply_the_asker()
    {
        await using var server = Start(Echo);
        var reply = await ControlClient.Ask(folder.Name, new ControlRequest
        {
            Request = 17,
            Command = Command.Set,
            Key = "sampling.threshold",
            Value = "0.4",
        }, Patience, Cancellation);
        Assert.True(reply.Accepted);
        Assert.Equal((17, "Set sampling.threshold"), (reply.Request, reply.Text));
        Assert.Equal("Pause", (await Ask(Command.Pause)).Text);
        Assert.Empty(notices);
    }

    [Fact]
    public async Task What_the_handler_refuses_is_a_refusal_and_a_defect_of_it_too_and_the_server_goes_on()
    {
        await using var server = Start((request, _) => request.Command switch
        {
            Command.Pause => throw new LeapsException("The run is paused already: resume it."),
            Command.Resume => throw new InvalidOperationException("two\nlines"),
            _ => Task.FromResult(new ControlReply { Accepted = true }),
        });
        var paused = await Ask(Command.Pause, number: 3);
        Assert.Equal((false, 3, "The run is paused already: resume it."),
            (paused.Accepted, paused.Request, paused.Text));
        Assert.Empty(notices);
        var failed = await Ask(Command.Resume);
        Assert.False(failed.Accepted);
        Assert.DoesNotContain('\n', failed.Text);
        Assert.Contains("InvalidOperationException", Assert.Single(notices), StringComparison.Ordinal);
        Assert.True((await Ask()).Accepted);
    }

    [Fact]
    public async Task A_reply_too_large_for_a_message_is_refused_with_the_reason()
    {
        await using var server = Start((_, _) => Task.FromResult(
            new ControlReply { Accepted = true, Text = new string('x', 2 << 20) }));
        var reply = await Ask(number: 5);
        Assert.Equal((false, 5), (reply.Accepted, reply.Request));
        Assert.Contains("1,048,576 are allowed", reply.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_clients_at_once_do_not_wait_for_each_other()
    {
        var slow = new TaskCompletionSource<ControlReply>();
        var reached = new TaskCompletionSource();
        await using var server = Start((request, cancellation) =>
        {
            if (request.Command != Command.Checkpoint)
                return Echo(request, cancellation);
            reached.SetResult();
            return slow.Task;
        });
        var first = Ask(Command.Checkpoint);
        await reached.Task.WaitAsync(Patience, Cancellation);
        Assert.Equal("Status", (await Ask()).Text);
        Assert.False(first.IsCompleted);
        slow.SetResult(new ControlReply { Text = "stored" });
        Assert.Equal("stored", (await first).Text);
    }

    [Fact]
    public async Task Many_clients_at_once_get_their_own_replies()
    {
        await using var server = Start(
            async (request, _) =>
            {
                await Task.Yield();
                return new ControlReply { Text = request.Value };
            },
            limits: new ControlLimits { Clients = 50 });
        var replies = await Task.WhenAll(Enumerable.Range(1, 40).Select(n => ControlClient.Ask(
            folder.Name, new ControlRequest { Request = n, Command = Command.Set, Key = "k", Value = $"{n}" },
            Patience, Cancellation)));
        Assert.Equal(Enumerable.Range(1, 40).Select(n => (n, $"{n}")), replies.Select(
            r => ((int)r.Request, r.Text)));
    }

    [Fact]
    public async Task Only_the_owner_may_open_the_socket_and_disposal_removes_what_was_made()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no file modes.");
            return;
        }
        await using (Start(Echo))
        {
            foreach (string name in new[] { "control.sock", "control.addr" })
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite,
                    File.GetUnixFileMode(folder.File(name)));
            Assert.Equal([folder.File("control.sock"), $"{Run:D}"],
                await File.ReadAllLinesAsync(folder.File("control.addr"), Cancellation));
        }
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Name));
        Assert.Equal(NotRunning, await Refusal(Ask()));
    }

    [Fact]
    public async Task A_path_too_long_for_a_socket_is_served_from_a_temporary_folder()
    {
        string directory = folder.File(Path.Combine(new string('r', 90), new string('u', 90)));
        Directory.CreateDirectory(directory);
        string socket;
        await using (Start(Echo, directory))
        {
            socket = (await File.ReadAllLinesAsync(Path.Combine(directory, "control.addr"), Cancellation))[0];
            Assert.True(socket.Length <= 100, socket);
            Assert.StartsWith(Path.GetTempPath(), socket, StringComparison.Ordinal);
            if (!OperatingSystem.IsWindows())
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
                    File.GetUnixFileMode(Path.GetDirectoryName(socket)!));
            Assert.Equal("Status", (await Ask(directory: directory)).Text);
        }
        Assert.False(Directory.Exists(Path.GetDirectoryName(socket)));
        Assert.Empty(Directory.EnumerateFileSystemEntries(directory));
    }

    [Fact]
    public async Task The_request_that_ends_the_run_is_answered()
    {
        ControlServer? server = null;
        var ending = new TaskCompletionSource<Task>();
        server = Start((_, _) =>
        {
            ending.SetResult(Task.Run(() => server!.DisposeAsync().AsTask(), CancellationToken.None));
            return Task.Delay(100, Cancellation).ContinueWith(
                _ => new ControlReply { Accepted = true, Text = "cancelled" }, TaskScheduler.Default);
        });
        Assert.Equal("cancelled", (await Ask(Command.Cancel)).Text);
        await (await ending.Task).WaitAsync(Patience, Cancellation);
        Assert.Equal(NotRunning, await Refusal(Ask()));
    }

    [Fact]
    public Task A_request_still_in_work_when_the_server_is_closed_is_told_so() =>
        AssertToldOfTheEnd(async cancellation =>
        {
            await Task.Delay(Timeout.Infinite, cancellation);
            return new ControlReply();
        });

    [Fact]
    public Task A_request_is_told_so_too_when_the_process_stalls_as_it_ends_it() =>
        AssertToldOfTheEnd(async cancellation =>
        {
            var ended = Task.Delay(Timeout.Infinite, cancellation);
            // Called before the delay hears of it.
            using var stall = cancellation.Register(() => Thread.Sleep(3 * ClosingLimit));
            await ended;
            return new ControlReply();
        });

    [Fact]
    public Task A_handler_that_will_not_end_is_left_and_its_asker_is_told() =>
        AssertToldOfTheEnd(_ => new TaskCompletionSource<ControlReply>().Task);

    // Whoever asks the handler as the server is closed.
    private async Task AssertToldOfTheEnd(Func<CancellationToken, Task<ControlReply>> handler)
    {
        var reached = new TaskCompletionSource();
        var server = Start((_, cancellation) =>
        {
            var reply = handler(cancellation);
            reached.SetResult();
            return reply;
        }, limits: new ControlLimits { Closing = ClosingLimit });
        var asking = Ask();
        await reached.Task.WaitAsync(Patience, Cancellation);
        await server.DisposeAsync();
        Assert.Equal("the process of the run is ending.", (await asking).Text);
    }

    [Fact]
    public async Task A_run_that_does_not_answer_is_told_with_the_seconds_waited()
    {
        await using var server = Start(async (_, cancellation) =>
        {
            await Task.Delay(Timeout.Infinite, cancellation);
            return new ControlReply();
        }, limits: new ControlLimits { Closing = TimeSpan.FromMilliseconds(10) });
        string line = await Refusal(ControlClient.Ask(folder.Name,
            new ControlRequest { Command = Command.Status }, TimeSpan.FromSeconds(0.25), Cancellation));
        Assert.StartsWith($"{folder.Name}: its process did not answer within 0.25 seconds", line,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_asker_may_give_up()
    {
        await using var server = Start(async (_, cancellation) =>
        {
            await Task.Delay(Timeout.Infinite, cancellation);
            return new ControlReply();
        }, limits: new ControlLimits { Closing = TimeSpan.FromMilliseconds(10) });
        using var impatient = new CancellationTokenSource(100);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ControlClient.Ask(folder.Name,
            new ControlRequest { Command = Command.Status }, Patience, impatient.Token));
    }

    [Fact]
    public async Task Without_a_live_run_the_line_says_how_to_start_it_again()
    {
        Assert.Equal(NotRunning, await Refusal(Ask()));
        string absent = folder.File("absent");
        Assert.Equal($"{absent}: there is no such run directory.", await Refusal(Ask(directory: absent)));
        await File.WriteAllTextAsync(folder.File("control.addr"),
            $"{folder.File("control.sock")}\n{Run:D}\n", Cancellation);
        Assert.Equal(NotRunning, await Refusal(Ask()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("control.sock\n0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9\n")]
    [InlineData("/tmp/control.sock\nrun-1\n")]
    [InlineData("/tmp/control.sock\n0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9\nmore\n")]
    public async Task A_damaged_address_is_named_and_the_next_process_replaces_it(string text)
    {
        string path = folder.File("control.addr");
        await File.WriteAllTextAsync(path, text, Cancellation);
        Assert.StartsWith(path, await Refusal(Ask()), StringComparison.Ordinal);
        await using var server = Start(Echo);
        Assert.True((await Ask()).Accepted);
    }

    [Fact]
    public async Task A_second_server_in_the_same_directory_is_refused_and_the_first_goes_on()
    {
        await using var server = Start(Echo);
        var refusal = Assert.Throws<LeapsException>(() => { _ = Start(Echo); });
        Assert.StartsWith($"{folder.Name} is in use", refusal.Message, StringComparison.Ordinal);
        Assert.True((await Ask()).Accepted);
    }

    [Fact]
    public async Task A_process_in_a_copy_of_the_directory_leaves_the_original_alone()
    {
        await using var server = Start((_, _) => Task.FromResult(new ControlReply { Text = "original" }));
        string copy = Directory.CreateDirectory(folder.File("copy")).FullName;
        File.Copy(folder.File("control.addr"), Path.Combine(copy, "control.addr"));
        await using (Start((_, _) => Task.FromResult(new ControlReply { Text = "copy" }), copy))
            Assert.Equal("copy", (await Ask(directory: copy)).Text);
        Assert.Equal("original", (await Ask()).Text);
    }
}
