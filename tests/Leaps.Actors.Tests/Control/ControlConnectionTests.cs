using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Sockets;
using Leaps.Actors.Control;
using Leaps.Actors.Protocol;
using Leaps.Actors.Tests.Journal;
using Leaps.Actors.Tests.Protocol;
using Leaps.Model;
using Command = Leaps.Actors.Protocol.ControlRequest.Types.Command;

namespace Leaps.Actors.Tests.Control;

/// <summary>
/// Clients and servers that misbehave byte by byte: each is refused with its reason, and the server goes on.
/// </summary>
public sealed class ControlConnectionTests : IAsyncDisposable
{
    private static readonly Guid Run = SampleMessages.Run;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TemporaryFolder folder = new();
    private readonly BlockingCollection<string> notices = [];
    private readonly ControlServer server;

    public ControlConnectionTests()
    {
        server = ControlServer.Start(folder.Name, Run,
            (request, _) => Task.FromResult(new ControlReply { Accepted = true, Text = request.Value }),
            notices.Add,
            new ControlLimits
            {
                Clients = 3,
                Message = TimeSpan.FromSeconds(1),
                Silence = TimeSpan.FromSeconds(3),
            });
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        notices.Dispose();
        folder.Dispose();
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private NetworkStream Connect()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
        {
            ReceiveTimeout = 20_000,
        };
        socket.Connect(new UnixDomainSocketEndPoint(folder.File("control.sock")));
        return new NetworkStream(socket, ownsSocket: true);
    }

    private static byte[] Frame(Envelope envelope) => Frame(new MessageCodec(
        new Guid(envelope.RunId.Span, bigEndian: true)).Encode(envelope));

    private static byte[] Frame(byte[] message)
    {
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, message.Length);
        return [.. length, .. message];
    }

    private static Envelope Request(long number, string value)
    {
        var envelope = Envelope.Create(Run, "test", "control", 1, number);
        envelope.ControlRequest = new ControlRequest
        {
            Request = number,
            Command = Command.Set,
            Key = "key",
            Value = value,
        };
        return envelope;
    }

    private static ControlReply ReadReply(NetworkStream stream)
    {
        byte[] length = new byte[4];
        stream.ReadExactly(length);
        byte[] message = new byte[BinaryPrimitives.ReadInt32LittleEndian(length)];
        stream.ReadExactly(message);
        return new MessageCodec(Run).Decode(message).ControlReply;
    }

    /// <summary>Refused with the reason, told to the notice, closed; and another client is served.</summary>
    private async Task AssertRefused(NetworkStream stream, string reason)
    {
        var reply = ReadReply(stream);
        Assert.Equal((false, 0), (reply.Accepted, reply.Request));
        Assert.Contains(reason, reply.Text, StringComparison.Ordinal);
        AssertClosed(stream);
        Assert.True(notices.TryTake(out string? notice, Patience), "no notice");
        Assert.Contains(reason, notice, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', notice);
        await AssertServes();
    }

    // With something unread at the other end, its close may look like a reset.
    private static void AssertClosed(NetworkStream stream)
    {
        try
        {
            Assert.Equal(-1, stream.ReadByte());
        }
        catch (IOException cause)
        {
            var reset = Assert.IsType<SocketException>(cause.InnerException);
            Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
        }
    }

    private async Task AssertServes()
    {
        var reply = await ControlClient.Ask(
            folder.Name, new ControlRequest { Command = Command.Status }, Patience, Cancellation);
        Assert.True(reply.Accepted, reply.Text);
    }

    [Fact]
    public void One_connection_carries_any_number_of_requests_in_pieces_of_any_size()
    {
        using var stream = Connect();
        for (int n = 1; n <= 20; n++)
        {
            byte[] frame = Frame(Request(n, $"value {n}"));
            for (int i = 0; i < frame.Length; i += n)
                stream.Write(frame, i, Math.Min(n, frame.Length - i));
        }
        for (int n = 1; n <= 20; n++)
        {
            var reply = ReadReply(stream);
            Assert.Equal((n, $"value {n}"), (reply.Request, reply.Text));
        }
        Assert.Empty(notices);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n", "message of 542,393,671 bytes")]
    [InlineData("\uFFFF\uFFFF\uFFFF", "message of 4,022,321,135 bytes")]
    [InlineData("\0\0\0\0", "message of 0 bytes")]
    [InlineData("\u0005\0\0\0hello", "message")]
    public async Task Garbage_is_refused_with_the_reason(string garbage, string reason)
    {
        using var stream = Connect();
        stream.Write(System.Text.Encoding.UTF8.GetBytes(garbage));
        await AssertRefused(stream, reason);
    }

    [Fact]
    public async Task Random_bytes_never_end_the_server()
    {
        const int seed = 4711;
        var random = new Random(seed);
        byte[] sound = Frame(Request(1, "value"));
        for (int n = 0; n < 60; n++)
        {
            byte[] bytes = [.. sound];
            bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            if (n % 3 == 0)
                random.NextBytes(bytes);
            using var stream = Connect();
            try
            {
                stream.Write(bytes, 0, n % 4 == 0 ? random.Next(bytes.Length) : bytes.Length);
                stream.Socket.Shutdown(SocketShutdown.Send);
                while (stream.ReadByte() >= 0)
                {
                }
            }
            catch (IOException)
            {
                // Refused and closed before all of it was written.
            }
        }
        await AssertServes();
    }

    [Fact]
    public async Task An_oversized_length_is_refused_before_its_bytes_come()
    {
        using var stream = Connect();
        stream.Write([1, 0, 16, 0]);
        await AssertRefused(stream, "message of 1,048,577 bytes: 1 to 1,048,576 are allowed.");
    }

    [Fact]
    public async Task Half_a_message_then_silence_is_refused_and_holds_up_nobody()
    {
        using var stream = Connect();
        byte[] frame = Frame(Request(1, "value"));
        stream.Write(frame, 0, frame.Length / 2);
        await AssertServes();
        await AssertRefused(stream, "message that was not complete after 1 seconds");
    }

    [Fact]
    public async Task Half_a_message_then_the_end_is_told()
    {
        using (var stream = Connect())
            stream.Write(Frame(Request(1, "value")), 0, 9);
        Assert.True(notices.TryTake(out string? notice, Patience));
        Assert.Contains("ends before its length", notice, StringComparison.Ordinal);
        await AssertServes();
    }

    [Fact]
    public async Task A_message_of_another_run_is_refused_by_both_names()
    {
        var other = Guid.Parse("11111111-2222-3333-4444-555555555555");
        var envelope = Request(1, "value");
        envelope.RunId = Envelope.RunIdBytes(other);
        using var stream = Connect();
        stream.Write(Frame(envelope));
        await AssertRefused(stream, $"message of run {other}; this is run {Run}");
    }

    [Fact]
    public async Task Another_message_than_a_request_is_refused()
    {
        using var stream = Connect();
        stream.Write(Frame(SampleMessages.Of(Envelope.BodyOneofCase.ControlReply)));
        await AssertRefused(stream, "only a ControlRequest is answered here");
    }

    [Fact]
    public async Task One_client_too_many_is_told_so_and_silent_ones_are_closed_in_the_end()
    {
        using var first = Connect();
        using var second = Connect();
        using var third = Connect();
        var reply = await ControlClient.Ask(
            folder.Name, new ControlRequest { Command = Command.Status }, Patience, Cancellation);
        Assert.False(reply.Accepted);
        Assert.Contains("3 clients are connected already", reply.Text, StringComparison.Ordinal);
        Assert.Contains(
            "3 clients are connected already", notices.Take(Cancellation), StringComparison.Ordinal);
        foreach (var silent in new[] { first, second, third })
            AssertClosed(silent);
        await AssertServes();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(6)]
    public async Task A_server_that_ends_within_its_reply_is_told_as_ended(int bytes)
    {
        string directory = Directory.CreateDirectory(folder.File("other")).FullName;
        string path = Path.Combine(directory, "control.sock");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        await File.WriteAllTextAsync(
            Path.Combine(directory, "control.addr"), $"{path}\n{Run:D}\n", Cancellation);
        var asking = ControlClient.Ask(
            directory, new ControlRequest { Command = Command.Status }, Patience, Cancellation);
        using (var client = await listener.AcceptAsync(Cancellation))
        {
            byte[] request = new byte[1];
            await client.ReceiveAsync(request, Cancellation);
            client.Send(Frame(Request(1, "value")), 0, bytes, SocketFlags.None);
        }
        var refusal = await Assert.ThrowsAsync<LeapsException>(() => asking);
        Assert.Equal($"{directory}: its process ended before it answered; start it again with leaps resume "
            + directory, refusal.Message);
    }
}
