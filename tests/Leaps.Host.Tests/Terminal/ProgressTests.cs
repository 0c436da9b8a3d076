using Leaps.Host.Terminal;

namespace Leaps.Host.Tests.Terminal;

public class ProgressTests
{
    private sealed class ManualClock : TimeProvider
    {
        private long _seconds;

        public override long TimestampFrequency => 1;
        public override long GetTimestamp() => _seconds;
        public void Advance(long seconds) => _seconds += seconds;
    }

    [Fact]
    public void Lines_come_at_the_start_at_the_end_and_every_few_seconds()
    {
        var output = new StringWriter { NewLine = "\n" };
        var clock = new ManualClock();
        var progress = new LineProgress(output, clock);

        for (int done = 0; done <= 20; done++)
        {
            progress.Report("train", done, 20, done == 0 ? "" : "1 update/s");
            clock.Advance(1);
        }
        progress.Report("train", 20, 20, "1 update/s");
        progress.Report("sample", 0, 0, "");

        Assert.Equal("""
            train 0/20 (0%)
            train 5/20 (25%), 1 update/s, 0:15 left
            train 10/20 (50%), 1 update/s, 0:10 left
            train 15/20 (75%), 1 update/s, 0:05 left
            train 20/20 (100%), 1 update/s
            sample 0/0

            """, output.ToString());
    }

    [Theory]
    [InlineData(8.2, "0:09")]
    [InlineData(760, "12:40")]
    [InlineData(3600, "1:00:00")]
    [InlineData(183600, "51:00:00")]
    public void Durations_are_short(double seconds, string text) =>
        Assert.Equal(text, LineProgress.Duration(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(0.5178, "0.518")]
    [InlineData(5.041, "5.04")]
    [InlineData(99.96, "100")]
    [InlineData(117.6, "118")]
    [InlineData(52811.4, "52,811")]
    public void Rates_are_short_and_have_no_exponent(double rate, string text) =>
        Assert.Equal(text, LineProgress.Rate(rate));

    [Fact]
    public void Bars_pass_on_the_result_and_the_error_of_the_work()
    {
        var console = EstimateTable.CreateConsole(TextWriter.Null, isTerminal: false);

        Assert.Equal(7, BarProgress.Run(console, sink =>
        {
            sink.Report("[stage]", 1, 2, "fast");
            sink.Report("[stage]", 2, 2, "[very] fast");
            return 7;
        }));
        Assert.Throws<InvalidOperationException>(
            () => BarProgress.Run<int>(console, _ => throw new InvalidOperationException()));
    }
}
