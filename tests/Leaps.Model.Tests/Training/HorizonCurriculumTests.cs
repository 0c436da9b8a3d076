using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using Leaps.Model.Training;

namespace Leaps.Model.Tests.Training;

/// <summary>
/// The curriculum derived anew in whole numbers: stage i = 0 … n-1 of n lasts 1 + i d updates on the average,
/// d = 2 (total - n) / (n (n - 1)), so that stages 0 … i end at (i+1) + (total - n) i (i+1) / (n (n - 1)),
/// rounded to the nearest, halves to even, as the reference's Python does.
/// </summary>
public sealed class HorizonCurriculumTests
{
    [Theory]
    [InlineData(20_000, 0.008, 125)]        // the reference's
    [InlineData(125, 0.008, 125)]
    [InlineData(1000, 0.1, 10)]
    [InlineData(50_000, 0.02, 50)]
    [InlineData(7, 0.5, 2)]
    [InlineData(5, 1, 1)]
    public void Every_update_has_the_stage_of_the_reference(int updates, double step, int stages)
    {
        var curriculum = new HorizonCurriculum(updates, step);
        int update = 0;
        for (int i = 0; i < stages; i++)
        {
            int end = i == stages - 1 ? updates : End(i, stages, updates);
            for (; update < end; update++)
                Assert.Equal(i + 1, curriculum.Stage(update));
        }
        Assert.Equal(updates, update);
        foreach (int later in (ReadOnlySpan<int>)[updates, updates + 1, 10 * updates, int.MaxValue])
            Assert.Equal(stages, curriculum.Stage(later));
    }

    // Where the exact end is a half the reference's rounding decides: 1223.5, 4911.5, 5071.5, 11303.5.
    [Theory]
    [InlineData(31, 1224)]
    [InlineData(62, 4912)]
    [InlineData(63, 5072)]
    [InlineData(94, 11304)]
    [InlineData(124, 19681)]
    public void Some_stages_end_where_the_reference_ends_them(int stage, int end)
    {
        var curriculum = new HorizonCurriculum(20_000, 0.008);
        Assert.Equal(stage, curriculum.Stage(end - 1));
        Assert.Equal(stage + 1, curriculum.Stage(end));
        Assert.Equal(end, End(stage - 1, 125, 20_000));
    }

    [Fact]
    public void Stages_rise_one_by_one_and_each_has_an_update_for_any_sizes()
    {
        var sizes = Gen.Choose(1, 400).SelectMany(stages =>
            Gen.Choose(0, 3000).Select(more => (Stages: stages, Updates: stages + more)));

        Prop.ForAll(sizes.ToArbitrary(), size =>
        {
            var curriculum = new HorizonCurriculum(size.Updates, 1.0 / size.Stages);
            int before = 1;
            for (int update = 0; update < size.Updates; update++)
            {
                int stage = curriculum.Stage(update);
                if (stage != before && stage != before + 1 || update == 0 && stage != 1)
                    return false;
                before = stage;
            }
            return before == size.Stages && curriculum.Stage(size.Updates) == size.Stages;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200).WithReplay(3, 1));
    }

    [Fact]
    public void Times_are_zero_the_final_time_and_sorted_uniform_times_between()
    {
        var curriculum = new HorizonCurriculum(20_000, 0.008);
        double sum = 0, squares = 0;
        int count = 0;
        for (int update = 0; update < 24_000; update += 40)
        {
            int k = curriculum.Stage(update);
            double[] times = curriculum.Times(update, seed: 3);
            double final = k == 125 ? 1 : k * 0.008;
            Assert.Equal(k + 1, times.Length);
            Assert.Equal(0, times[0]);
            Assert.Equal(final, times[^1]);
            Assert.Equal(times.Order(), times);
            foreach (double t in times[1..^1])
            {
                sum += t / final;
                squares += t / final * t / final;
                count++;
            }
        }
        // Mean 1/2 and second moment 1/3 of the uniform density, within 4 standard errors.
        Assert.Equal(0.5, sum / count, 4 * Math.Sqrt(1 / 12.0 / count));
        Assert.Equal(1 / 3.0, squares / count, 4 * Math.Sqrt(4 / 45.0 / count));
    }

    [Fact]
    public void Times_follow_from_the_seed_and_the_update()
    {
        var curriculum = new HorizonCurriculum(0, 0.05);
        Assert.Equal(curriculum.Times(7, seed: 1), new HorizonCurriculum(0, 0.05).Times(7, seed: 1));
        Assert.NotEqual(curriculum.Times(7, seed: 1), curriculum.Times(8, seed: 1));
        Assert.NotEqual(curriculum.Times(7, seed: 1), curriculum.Times(7, seed: 2));
    }

    [Fact]
    public void Zero_updates_mean_the_full_horizon_from_the_start()
    {
        var curriculum = new HorizonCurriculum(0, 0.008);
        Assert.Equal(125, curriculum.Stage(0));
        Assert.Equal(1, curriculum.Times(0, seed: 1)[^1]);
    }

    [Fact]
    public void Fewer_updates_than_stages_are_refused()
    {
        var error = Assert.Throws<LeapsException>(() => new HorizonCurriculum(124, 0.008));
        Assert.Equal("horizon updates is 124; it must be 0 or at least the 125 stages of horizon step 0.008.",
            error.Message);
    }

    private static int End(int i, int stages, int total)
    {
        BigInteger denominator = (BigInteger)stages * (stages - 1);
        BigInteger numerator = (i + 1) * denominator + (BigInteger)(total - stages) * i * (i + 1);
        var whole = BigInteger.DivRem(2 * numerator + denominator, 2 * denominator, out var rest);
        return (int)(rest.IsZero && !whole.IsEven ? whole - 1 : whole);
    }
}
