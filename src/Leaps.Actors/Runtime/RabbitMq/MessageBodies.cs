using Google.Protobuf;
using Google.Protobuf.Reflection;
using Leaps.Actors.Protocol;

namespace Leaps.Actors.Runtime.RabbitMq;

/// <summary>The body of an envelope, whichever it is.</summary>
internal static class MessageBodies
{
    private static readonly Dictionary<MessageDescriptor, FieldDescriptor> Fields =
        Envelope.Descriptor.Oneofs[0].Fields.ToDictionary(field => field.MessageType);

    /// <exception cref="ProtocolException">No message of leaps.proto that can be sent.</exception>
    public static void Put(Envelope envelope, IMessage body)
    {
        if (!Fields.TryGetValue(body.Descriptor, out var field))
            throw new ProtocolException($"{body.Descriptor.Name} is no message between actors.");
        field.Accessor.SetValue(envelope, body);
    }

    /// <summary>Of an envelope that was decoded, so it has one.</summary>
    public static IMessage Of(Envelope envelope) => (IMessage)Envelope.Descriptor
        .FindFieldByNumber((int)envelope.BodyCase).Accessor.GetValue(envelope);
}
