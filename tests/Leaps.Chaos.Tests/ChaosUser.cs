using Google.Protobuf;
using Leaps.Actors;
using Leaps.Actors.Cluster;
using Leaps.Actors.Protocol;
using Leaps.Model;
using Command = Leaps.Actors.Protocol.ClusterRequest.Types.Command;

namespace Leaps.Chaos.Tests;

/// <summary>Who submits runs and asks for them. A question that meets a fault is asked again.</summary>
internal sealed class ChaosUser : IAsyncDisposable
{
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(100);

    private readonly ClusterClient _client;

    private ChaosUser(ClusterClient client) => _client = client;

    public static async Task<ChaosUser> Connect(
        ChaosServers servers, string cluster, CancellationToken cancellation) => new(await ClusterClient.Open(
            await servers.Connect(cancellation), cluster, static _ => { }, TimeProvider.System,
            cancellation));

    /// <summary>Once; null: no answer within the limit, or a refusal.</summary>
    public async Task<ClusterReply?> TryAsk(
        ClusterRequest request, TimeSpan limit, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(limit);
        try
        {
            var reply = await _client.Ask(request, patience.Token);
            return reply.Accepted ? reply : null;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return null;
        }
        catch (LeapsException)
        {
            return null;
        }
    }

    /// <summary>Until it is accepted.</summary>
    public async Task<ClusterReply> Ask(ClusterRequest request, CancellationToken cancellation)
    {
        while (true)
        {
            if (await TryAsk(request, TimeSpan.FromSeconds(1), cancellation) is { } reply)
                return reply;
            await Task.Delay(Again, cancellation);
        }
    }

    /// <summary>By its identifier, so that it is one run however often it is said.</summary>
    public async Task Submit(Guid run, string name, RunShape shape, CancellationToken cancellation) =>
        await Ask(new ClusterRequest
        {
            Command = Command.Submit,
            Submit = new SubmitRun
            {
                RunId = Envelope.RunIdBytes(run),
                Name = name,
                Configuration = shape.Configuration,
            },
        }, cancellation);

    public async Task<byte[]> Fetch(Guid run, string name, CancellationToken cancellation)
    {
        using var content = new MemoryStream();
        while (true)
        {
            var reply = await Ask(new ClusterRequest
            {
                Command = Command.Fetch,
                Run = run.ToString("N"),
                Key = name,
                Offset = content.Length,
            }, cancellation);
            reply.Bytes.WriteTo(content);
            if (content.Length >= reply.Length)
                return content.ToArray();
        }
    }

    public async Task<IReadOnlyList<string>> FileNames(Guid run, CancellationToken cancellation)
    {
        var reply = await Ask(
            new ClusterRequest { Command = Command.Fetch, Run = run.ToString("N") }, cancellation);
        return [.. reply.Entries.Select(entry => entry.Key)];
    }

    public ValueTask DisposeAsync() => _client.DisposeAsync();
}
