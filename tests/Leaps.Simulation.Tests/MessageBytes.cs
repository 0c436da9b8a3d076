using Google.Protobuf;
using Google.Protobuf.Reflection;
using Leaps.Actors.Protocol;

namespace Leaps.Simulation.Tests;

/// <summary>A body in its envelope to bytes, and back.</summary>
internal static class MessageBytes
{
    private static readonly Dictionary<MessageDescriptor, FieldDescriptor> Fields =
        Envelope.Descriptor.Oneofs[0].Fields.ToDictionary(field => field.MessageType);

    public static byte[] Write(MessageCodec codec, Guid run, string sender, string recipient, long epoch,
        long sequence, IMessage body)
    {
        var envelope = Envelope.Create(run, sender, recipient, epoch, sequence);
        Fields[body.Descriptor].Accessor.SetValue(envelope, body);
        return codec.Encode(envelope);
    }

    public static object Read(MessageCodec codec, byte[] bytes)
    {
        var envelope = codec.Decode(bytes);
        return Envelope.Descriptor.FindFieldByNumber((int)envelope.BodyCase).Accessor.GetValue(envelope);
    }
}
