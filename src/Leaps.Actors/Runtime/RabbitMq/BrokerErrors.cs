using System.IO;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Threading.Channels;
using Leaps.Model;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace Leaps.Actors.Runtime.RabbitMq;

/// <summary>
/// What the client's exceptions mean: what passes by itself (a broker that is away), and what somebody has to
/// put right, in one line.
/// </summary>
internal static class BrokerErrors
{
    private const ushort AccessRefused = 403, NotFound = 404, Locked = 405, PreconditionFailed = 406,
        InternalError = 541;

    /// <summary>
    /// The connection or channel is gone, or the broker refused something: not a defect of ours.
    /// </summary>
    public static bool IsTransport(Exception error) => error is RabbitMQClientException or IOException
        or SocketException or ObjectDisposedException or TimeoutException or ChannelClosedException
        or OperationCanceledException or AuthenticationException;

    /// <summary>Something went wrong inside the broker.</summary>
    public static bool IsInternal(Exception error) => Reason(error)?.ReplyCode == InternalError;

    /// <summary>
    /// There is no such queue. Of one that is there and whose leader is away the broker also says that it was
    /// not found, with other words.
    /// </summary>
    public static bool IsMissing(Exception error) =>
        error is OperationInterruptedException { ShutdownReason: { ReplyCode: NotFound } reason }
        && reason.ReplyText.Contains("no queue '", StringComparison.Ordinal);

    /// <summary>There is no such exchange.</summary>
    public static bool IsMissing(ShutdownEventArgs? reason, string exchange) =>
        reason is { ReplyCode: NotFound }
        && reason.ReplyText.Contains($"no exchange '{exchange}'", StringComparison.Ordinal);

    /// <summary>
    /// What a user has to put right before this host can be used; null: it may pass by itself.
    /// </summary>
    public static LeapsException? Refusal(BrokerOptions options, BrokerHost host, Exception error,
        string? certificateProblem)
    {
        if (certificateProblem is not null)
            return new LeapsException($"broker {host}: {certificateProblem}", error);
        foreach (var cause in Causes(error))
        {
            string? line = cause switch
            {
                AuthenticationFailureException or PossibleAuthenticationFailureException =>
                    $"broker {host}: user {options.User} was refused: check user and password.",
                OperationInterruptedException { ShutdownReason: { ReplyCode: 530 } reason } =>
                    $"broker {host}: user {options.User} may not use virtual host {options.VirtualHost}: "
                    + $"{Text(reason)}.",
                AuthenticationException =>
                    $"broker {host}: TLS failed: {FirstLine(cause)} Is it the port for TLS?",
                _ => null,
            };
            if (line is not null)
                return new LeapsException(line, error);
        }
        return null;
    }

    /// <summary>The same for what was asked for on a connection.</summary>
    public static LeapsException? Refusal(BrokerOptions options, string prefix, ShutdownEventArgs? reason) =>
        reason switch
        {
            { Initiator: ShutdownInitiator.Peer, ReplyCode: AccessRefused } => new LeapsException(
                $"broker: user {options.User} is missing a permission on virtual host {options.VirtualHost}: "
                + $"{Text(reason)}; configure, write and read are needed for ^{prefix}"),
            { Initiator: ShutdownInitiator.Peer, ReplyCode: PreconditionFailed or Locked } =>
                new LeapsException(
                $"broker: what is called {prefix} belongs to something else on virtual host "
                + $"{options.VirtualHost}: {Text(reason)}."),
            _ => null,
        };

    /// <summary>Why the channel was closed, if that is what the exception tells.</summary>
    public static ShutdownEventArgs? Reason(Exception error) =>
        (error as OperationInterruptedException)?.ShutdownReason;

    public static bool IsLocked(Exception error) => Reason(error) is { ReplyCode: Locked };

    /// <summary>Why it ended, mostly in the broker's own words, without its code.</summary>
    public static string Text(ShutdownEventArgs reason)
    {
        if (reason.Exception is BrokerSilentException silence)
            return silence.Message;
        int dash = reason.ReplyText.IndexOf(" - ", StringComparison.Ordinal);
        string text = dash < 0 ? reason.ReplyText : reason.ReplyText[(dash + 3)..];
        return text.ReplaceLineEndings(" ").Trim().TrimEnd('.');
    }

    /// <summary>The first line of the innermost cause.</summary>
    public static string FirstLine(Exception error)
    {
        string text = Causes(error).Last().Message;
        return text.Split('\n')[0].Trim();
    }

    private static IEnumerable<Exception> Causes(Exception error)
    {
        for (Exception? cause = error; cause is not null;
            cause = cause is AggregateException many ? many.InnerExceptions[0] : cause.InnerException)
            yield return cause;
    }
}
