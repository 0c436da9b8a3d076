using System.Text;
using Google.Protobuf;
using Leaps.Actors.Protocol;
using Leaps.Host.Commands;
using Leaps.Host.Commands.Cluster;
using Leaps.Host.Configuration;
using Leaps.Model;
using Leaps.Model.Storage;

namespace Leaps.Host.Execution.Cluster;

/// <summary>Makes of a configuration the message that gives it to a cluster.</summary>
internal static class Submission
{
    // For whatever else is in the message.
    private const int Spare = 1 << 16;

    /// <exception cref="LeapsException">
    /// The run can't be done, the model file can't be read or does not fit, or the message is too large.
    /// </exception>
    public static ClusterRequest Create(SubmitRequest request, Action<string> notice)
    {
        var configuration = request.Configuration;
        // What a node would refuse is refused here, where somebody reads it.
        using var network = RunJob.Prepare(configuration, configuration.Target.CreateTarget(), RunDevices.Cpu,
            request.OnlyTrains ? RunPurpose.Train : RunPurpose.Run);
        foreach (string warning in network?.Warnings ?? [])
            notice(warning);
        string text = ConfigurationWriter.Write(configuration);
        byte[] model = configuration.Network?.Model is { } path ? ReadModel(path) : [];
        int limit = request.Cluster.Configuration.Limits.Message;
        if ((long)model.Length + Encoding.UTF8.GetByteCount(text) + Spare > limit)
            throw new LeapsException($"{configuration.Network?.Model}: a model of "
                + $"{ByteSize.Rounded(model.Length)} "
                + $"is more than a message may hold ({ByteSize.Format(limit)}): raise limits.message in "
                + $"{request.Cluster.File} and on every node");
        return new ClusterRequest
        {
            Command = ClusterRequest.Types.Command.Submit,
            Submit = new SubmitRun
            {
                RunId = ByteString.CopyFrom(request.Run.ToByteArray(bigEndian: true)),
                Name = request.Name,
                Configuration = text,
                Model = ByteString.CopyFrom(model),
                OnlyTrains = request.OnlyTrains,
            },
        };
    }

    // Nodes read model files alone: a checkpoint of the reference becomes one.
    private static byte[] ReadModel(string path)
    {
        var source = ModelSource.Open(path);
        using var stream = new MemoryStream();
        ModelFile.Write(stream, source.Model, source.Target);
        return stream.ToArray();
    }
}
