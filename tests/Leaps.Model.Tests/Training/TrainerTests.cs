using Leaps.Model.Devices;
using Leaps.Model.Networks;
using Leaps.Model.Random;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.Model.Tests.Training;

/// <summary>
/// Training small lattices: it helps, keeps the best model, is the same bits for any number of threads, and
/// says so when it diverges. Seeds are fixed; the relative ESS demanded leaves ample room.
/// </summary>
public sealed class TrainerTests
{
    [Theory]
    [InlineData("ising", TrainingSource.Pool)]
    [InlineData("ising", TrainingSource.Rollouts)]
    [InlineData("potts", TrainingSource.Pool)]
    [InlineData("potts", TrainingSource.Rollouts)]
    public void Training_raises_the_relative_ESS_far_above_the_untrained_networks(
        string kind, TrainingSource source)
    {
        var target = TrainingCase.Target(kind);
        var model = TrainingCase.Model(target, channels: 8);
        var network = TrainingCase.Simd(model);
        double untrained = RelativeEss(target, network, seed: 77);
        var trainer = new Trainer(target, model, network, Options(source) with
        {
            Updates = 400,
            LearningRate = 5e-3,
        });
        double first = 0, last = 0;
        for (int update = 0; update < 400; update++)
        {
            double loss = trainer.Update(TestContext.Current.CancellationToken).Loss;
            first += update < 20 ? loss / 20 : 0;
            last += update >= 380 ? loss / 20 : 0;
        }
        double trained = RelativeEss(target, network, seed: 77);
        string result = $"untrained {untrained:F3}, trained {trained:F3}, loss {first:F3} → {last:F3}";
        Assert.True(trained > 0.8 && untrained < 0.4, result);
        Assert.True(last < first / 4, result);
    }

    [Fact]
    public void The_best_evaluated_parameters_are_kept_and_can_be_restored()
    {
        var target = TrainingCase.Target("ising");
        var model = TrainingCase.Model(target);
        var network = TrainingCase.Simd(model);
        var options = Options(TrainingSource.Pool) with
        {
            Updates = 60,
            LearningRate = 5e-3,
            EvaluateEvery = 7,
        };
        var trainer = new Trainer(target, model, network, options);
        var evaluations = new List<(int Updates, double RelativeEss)>();
        var parameters = new List<double[]>();
        for (int update = 0; update < 60; update++)
        {
            if (update == 40)
                Spoil();
            var record = trainer.Update(TestContext.Current.CancellationToken);
            Assert.Equal(update, record.Update);
            Assert.Equal(update + 1, trainer.Updates);
            Assert.Equal((update + 1) % 7 == 0 || update == 59, record.EvaluatedRelativeEss.HasValue);
            if (record.EvaluatedRelativeEss is not { } ess)
                continue;
            evaluations.Add((update + 1, ess));
            parameters.Add([.. model.Parameters.Values]);
        }
        int best = evaluations.IndexOf(evaluations.MaxBy(e => e.RelativeEss));
        Assert.InRange(evaluations[best].Updates, 8, 40);
        Assert.Equal(evaluations[best], (trainer.BestUpdate, trainer.BestRelativeEss));
        Assert.Equal(parameters[best], trainer.BestParameters.Values);
        Assert.NotEqual(parameters[best], model.Parameters.Values);

        trainer.RestoreBest();
        Assert.Equal(parameters[best], model.Parameters.Values);
        var annealer = new Annealer(target, network, new AnnealerOptions
        {
            Walkers = options.EvaluationWalkers,
            Windows = options.EvaluationWindows,
            ResamplingThreshold = 0,
            Seed = RandomStream.DeriveSeed(options.Seed, RandomPurpose.Evaluation, 0),
        });
        var walkers = annealer.Run(cancellation: TestContext.Current.CancellationToken).Walkers;
        Assert.Equal(trainer.BestRelativeEss, LogWeights.RelativeEss(walkers.LogWeights));

        void Spoil()
        {
            foreach (ref double value in model.Parameters[LocallyEquivariantConv.Prefix + "linear"])
                value *= -3;
        }
    }

    [Fact]
    public void Without_an_evaluation_the_best_parameters_are_the_present_ones()
    {
        var target = TrainingCase.Target("ising");
        var model = TrainingCase.Model(target);
        var options = Options(TrainingSource.Pool) with { EvaluateEvery = 0 };
        var trainer = new Trainer(target, model, TrainingCase.Simd(model), options);
        trainer.Update(TestContext.Current.CancellationToken);
        double[] present = [.. model.Parameters.Values];
        Assert.Equal(present, trainer.BestParameters.Values);
        trainer.RestoreBest();
        Assert.Equal(present, model.Parameters.Values);
    }

    [Theory]
    [InlineData("ising", TrainingSource.Pool)]
    [InlineData("ising", TrainingSource.Rollouts)]
    [InlineData("potts", TrainingSource.Pool)]
    [InlineData("potts", TrainingSource.Rollouts)]
    public void Parameters_are_the_same_bits_for_the_same_seed_and_any_number_of_threads(
        string kind, TrainingSource source)
    {
        var target = TrainingCase.Target(kind);
        var options = Options(source) with { EvaluateEvery = 5, Updates = 12 };
        var (parameters, records) = Train(options with { Threads = 1 });
        foreach (int threads in (ReadOnlySpan<int>)[1, 2, 3])
        {
            var other = Train(options with { Threads = threads });
            Assert.Equal(parameters, other.Parameters);
            Assert.Equal(records, other.Records);
        }
        Assert.NotEqual(parameters, Train(options with { Seed = 6 }).Parameters);

        (double[] Parameters, List<TrainingRecord> Records) Train(TrainingOptions used)
        {
            var model = TrainingCase.Model(target);
            var trainer = new Trainer(target, model, TrainingCase.Simd(model), used);
            var done = new List<TrainingRecord>();
            for (int update = 0; update < used.Updates; update++)
                done.Add(trainer.Update());
            return (model.Parameters.Values, done);
        }
    }

    [Fact]
    public void The_network_holds_the_parameters_of_the_model_after_every_update()
    {
        var target = TrainingCase.Target("potts");
        var model = TrainingCase.Model(target);
        RateNetwork network = TrainingCase.Simd(model);
        var trainer = new Trainer(target, model, network, Options(TrainingSource.Pool));
        double[] before = [.. model.Parameters.Values];
        trainer.Update(TestContext.Current.CancellationToken);
        Assert.NotEqual(before, model.Parameters.Values);
        Assert.All(model.Parameters.Values, value => Assert.Equal((float)value, value));
        var states = Walkers.Uniform(target, 10, seed: 1).States;
        float[] Outputs(RateNetwork used)
        {
            var output = new float[10 * target.Outputs];
            used.CreateEvaluator().Evaluate(states, 10, 0.3, output);
            return output;
        }
        Assert.Equal(Outputs(TrainingCase.Simd(model)), Outputs(network));
    }

    [Theory]
    [InlineData(TrainingSource.Pool)]
    [InlineData(TrainingSource.Rollouts)]
    public void Divergence_is_an_error_that_says_what_to_lower(TrainingSource source)
    {
        var target = TrainingCase.Target("ising");
        var model = TrainingCase.Model(target);
        var options = Options(source) with { LearningRate = 1e6, EvaluateEvery = 0 };
        var trainer = new Trainer(target, model, TrainingCase.Simd(model), options);
        var error = Assert.Throws<LeapsException>(() =>
        {
            for (int update = 0; update < 50; update++)
                trainer.Update(TestContext.Current.CancellationToken);
        });
        Assert.DoesNotContain('\n', error.Message);
        Assert.Contains("learning", error.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, TrainingOptions> OutOfRange()
    {
        var o = new TrainingOptions();
        return new()
        {
            { "updates is -1; allowed: 0 to 100,000,000.", o with { Updates = -1 } },
            { "batch is 0; allowed: 1 to 1,000,000.", o with { Batch = 0 } },
            { "learning-rate is 0; allowed: a positive number.", o with { LearningRate = 0 } },
            { "learning-rate is NaN; allowed: a positive number.", o with { LearningRate = double.NaN } },
            { "decay factor is 1.5; allowed: above 0, at most 1.", o with { DecayFactor = 1.5 } },
            { "gradient-clip is -1; allowed: 0 or more.", o with { GradientClip = -1 } },
            { "pool walkers is 0; allowed: 1 or more.", o with { PoolWalkers = 0 } },
            { "pool times is 0; allowed: 1 or more.", o with { PoolTimes = 0 } },
            { "buffer size is 0; allowed: 1 or more.", o with { BufferSize = 0 } },
            { "rollout staleness is -1; allowed: 0 to 100,000.", o with { RolloutStaleness = -1 } },
            { "target-relative-ess is 1.5; allowed: 0 to 1.", o with { TargetRelativeEss = 1.5 } },
            { "target-relative-ess is NaN; allowed: 0 to 1.", o with { TargetRelativeEss = double.NaN } },
            { "horizon step is 0; allowed: 0.00001 to 1.", o with { HorizonStep = 0 } },
            { "evaluation walkers is 1; allowed: 2 to 100,000,000.", o with { EvaluationWalkers = 1 } },
        };
    }

    [Theory]
    [MemberData(nameof(OutOfRange), DisableDiscoveryEnumeration = true)]
    public void Options_out_of_range_are_refused_by_name(string message, TrainingOptions options)
    {
        var target = TrainingCase.Target("ising");
        LeapsModel model = TrainingCase.Model(target);
        var error = Assert.Throws<LeapsException>(
            () => new Trainer(target, model, TrainingCase.Simd(model), options));
        Assert.Equal(message, error.Message);
    }

    private static TrainingOptions Options(TrainingSource source) => new()
    {
        Updates = 50,
        Batch = 100,
        PoolWalkers = 800,
        PoolTimes = 20,
        Source = source,
        RolloutWalkers = 60,
        RolloutMoves = 20,
        BufferSize = 10,
        BufferCycle = 10,
        HorizonStep = 0.1,
        EvaluateEvery = 0,
        EvaluationWalkers = 200,
        EvaluationWindows = 5,
        Seed = 5,
    };

    private static double RelativeEss(Target target, RateNetwork network, ulong seed)
    {
        var options = new AnnealerOptions
        {
            Walkers = 5000,
            Windows = 10,
            ResamplingThreshold = 0,
            Seed = seed,
        };
        var annealer = new Annealer(target, network, options);
        var walkers = annealer.Run(cancellation: TestContext.Current.CancellationToken).Walkers;
        return LogWeights.RelativeEss(walkers.LogWeights);
    }
}
