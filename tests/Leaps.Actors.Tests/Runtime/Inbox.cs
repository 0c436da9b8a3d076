using System.Threading.Channels;
using Google.Protobuf;
using Leaps.Actors.Protocol;
using Leaps.Actors.Runtime;

namespace Leaps.Actors.Tests.Runtime;

/// <summary>An actor that writes down what comes. Messages carry a number and nothing else.</summary>
internal sealed class Inbox
{
    /// <summary>Long enough for a machine that is busy with everything else.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly Channel<long> _taken = Channel.CreateUnbounded<long>();
    private readonly TaskCompletionSource<Exception> _failure = new();
    private int _inside;

    /// <summary>What it does with each message before it counts as taken; handles it by default.</summary>
    public Action<object, Action> OnMessage { get; init; } = static (_, handled) => handled();

    /// <summary>Ends when <see cref="Failed"/> is called.</summary>
    public Task<Exception> Failure => _failure.Task.WaitAsync(Limit);

    public bool WasEnteredTwice { get; private set; }

    public static IMessage Number(long n) => new BufferQuery { Epoch = n };

    /// <summary>How often its runtime has told it that it lost its servers.</summary>
    public int Restored { get; private set; }

    public void Receive(object message, Action handled)
    {
        if (message is MailboxRestored)
        {
            Restored++;
            handled();
            return;
        }
        if (Interlocked.Increment(ref _inside) != 1)
            WasEnteredTwice = true;
        try
        {
            OnMessage(message, handled);
            _taken.Writer.TryWrite(message is BufferQuery numbered ? numbered.Epoch : (long)message);
        }
        finally
        {
            Interlocked.Decrement(ref _inside);
        }
    }

    public void Failed(Exception error) => _failure.TrySetResult(error);

    /// <summary>The next ones that are taken.</summary>
    public async Task<List<long>> Take(int count)
    {
        using var limit = new CancellationTokenSource(Limit);
        var numbers = new List<long>();
        while (numbers.Count < count)
            await TakeOne(numbers, limit.Token);
        return numbers;
    }

    /// <summary>Takes until a number comes.</summary>
    public async Task<List<long>> TakeUntil(long last)
    {
        var numbers = new List<long>();
        while (numbers.Count == 0 || numbers[^1] != last)
        {
            using var limit = new CancellationTokenSource(Limit);
            await TakeOne(numbers, limit.Token);
        }
        return numbers;
    }

    private async Task TakeOne(List<long> numbers, CancellationToken limit)
    {
        try
        {
            numbers.Add(await _taken.Reader.ReadAsync(limit));
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"{numbers.Count} messages came, then none; the last ones: "
                + string.Join(' ', numbers.TakeLast(10)));
        }
    }

    /// <summary>
    /// All of 1 … last came, and in order but for repeats: none came before all that are older had come.
    /// </summary>
    public static void AssertComplete(IEnumerable<long> numbers, long last)
    {
        long next = 1;
        foreach (long number in numbers)
        {
            Assert.True(number <= next, $"{number} came when {next} had not");
            if (number == next)
                next++;
        }
        Assert.Equal(last, next - 1);
    }
}
