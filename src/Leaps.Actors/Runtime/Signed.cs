using Google.Protobuf;

namespace Leaps.Actors.Runtime;

/// <summary>A message with who sent it, for actors that answer whoever asks.</summary>
/// <param name="Sender">name of the sending actor</param>
/// <param name="User">whom the broker knows the sending process as; empty inside one process</param>
/// <param name="Body">the message</param>
internal sealed record Signed(string Sender, string User, IMessage Body);
