using Leaps.Model;
using Npgsql;

namespace Leaps.Actors.Journal.PostgreSql;

/// <summary>
/// Work on the database that is tried again while the server is away: waits that double, without jitter; one
/// line when the first of all callers begins to wait, and one when the server is back.
/// </summary>
internal sealed class PostgreSqlRetry(
    PostgreSqlOptions options, NpgsqlDataSource source, Action<string> notice)
{
    private readonly NoticeQueue notices = new(notice);
    private readonly Lock gate = new();
    private bool away;

    /// <summary>Calls until it works.</summary>
    /// <param name="attempt">gets an open connection of its own; may be called many times</param>
    /// <param name="wait">false: the first failure is the last</param>
    /// <param name="stop">ends the waiting</param>
    /// <exception cref="OperationCanceledException"/>
    /// <exception cref="LeapsException">Another attempt would fail alike.</exception>
    public T Run<T>(Func<NpgsqlConnection, T> attempt, bool wait, CancellationToken stop)
    {
        var delay = options.FirstBackOff;
        while (true)
        {
            stop.ThrowIfCancellationRequested();
            try
            {
                using var connection = source.OpenConnection();
                T result = attempt(connection);
                TellOfReturn();
                return result;
            }
            catch (Exception failure) when (PostgreSqlErrors.IsTransient(failure))
            {
                if (PostgreSqlErrors.LostConnection(failure))
                    source.Clear();
                if (!wait)
                    throw PostgreSqlErrors.Unreachable(options, failure);
                TellOfLoss(failure);
            }
            catch (NpgsqlException failure)
            {
                throw PostgreSqlErrors.Explain(options, failure);
            }
            Pause(delay, stop);
            delay = delay * 2 < options.LongestBackOff ? delay * 2 : options.LongestBackOff;
        }
    }

    private static void Pause(TimeSpan delay, CancellationToken stop)
    {
        using var never = new ManualResetEventSlim();
        never.Wait(delay, stop);
    }

    private void TellOfLoss(Exception failure)
    {
        lock (gate)
        {
            if (away)
                return;
            away = true;
            notices.Tell($"{options.Place}: {PostgreSqlErrors.Reason(failure)}. Waiting for it.");
        }
    }

    private void TellOfReturn()
    {
        lock (gate)
        {
            if (!away)
                return;
            away = false;
            notices.Tell($"{options.Place}: it answers again.");
        }
    }
}
