namespace Leaps.Actors.Journal.PostgreSql;

/// <summary>
/// Hands lines to their receiver in order, on a thread of the pool: whoever has a line to tell may hold a
/// lock, and the receiver may call the journal.
/// </summary>
internal sealed class NoticeQueue(Action<string> receiver)
{
    private readonly Lock gate = new();
    private readonly Queue<string> lines = new();
    private bool telling;

    public void Tell(string line)
    {
        lock (gate)
        {
            lines.Enqueue(line);
            if (telling)
                return;
            telling = true;
        }
        ThreadPool.UnsafeQueueUserWorkItem(_ => TellAll(), null);
    }

    private void TellAll()
    {
        while (true)
        {
            string? line;
            lock (gate)
            {
                telling = lines.TryDequeue(out line);
                if (!telling)
                    return;
            }
            receiver(line!);
        }
    }
}
