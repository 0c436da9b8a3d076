namespace Leaps.Host.Terminal;

/// <summary>Takes reports on how far long work is. Safe to call often and from any thread.</summary>
public interface IProgressSink
{
    /// <param name="stage">what is being done: "train", "sample"; a new name starts a new bar</param>
    /// <param name="done">units of work done</param>
    /// <param name="total">units of work in the stage</param>
    /// <param name="rate">how fast, in words: "312 updates/s, loss 0.41"; may be empty</param>
    void Report(string stage, long done, long total, string rate);
}

/// <summary>Nobody watches.</summary>
public sealed class NoProgress : IProgressSink
{
    public void Report(string stage, long done, long total, string rate)
    {
    }
}
