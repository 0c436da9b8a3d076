namespace Leaps.Servers;

/// <summary>The programs of a server are not on this machine. The message names the package.</summary>
public sealed class ServerMissingException(string message) : Exception(message);
