using Leaps.Model.Devices;
using Leaps.Model.Networks;

namespace Leaps.Model.Tests.Devices;

/// <summary>Batches, the loading of parameters and memory, through the float32 seam.</summary>
public abstract partial class RateNetworkTests
{
    private const int BatchWalkers = 19;

    [Fact]
    public void The_outputs_of_a_walker_do_not_depend_on_the_others_of_its_batch()
    {
        for (ulong seed = 0; seed < (ulong)RandomNetworks; seed++)
        {
            var random = new RandomNetwork(seed);
            int sites = random.Architecture.Lattice.Sites, outputs = random.Architecture.Outputs;
            byte[] states = random.States(BatchWalkers);
            double[] times = random.Times(BatchWalkers);
            var evaluator = Evaluator(random);
            float[] forward = SingleOutputs(evaluator, random, states, times);
            var evaluated = new float[forward.Length];
            evaluator.Evaluate(states, BatchWalkers, times[0], evaluated);
            var alone = new float[outputs];
            for (int m = 0; m < BatchWalkers; m++)
            {
                byte[] state = states[(m * sites)..((m + 1) * sites)];
                evaluator.Forward(state, times.AsSpan(m, 1), alone);
                Assert.True(alone.AsSpan().SequenceEqual(forward.AsSpan(m * outputs, outputs)),
                    $"Forward, walker {m}, {random}");
                evaluator.Evaluate(state, 1, times[0], alone);
                Assert.True(alone.AsSpan().SequenceEqual(evaluated.AsSpan(m * outputs, outputs)),
                    $"Evaluate, walker {m}, {random}");
            }
        }
    }

    [Fact]
    public void Evaluate_and_Forward_agree()
    {
        for (ulong seed = 0; seed < (ulong)RandomNetworks; seed++)
        {
            var random = new RandomNetwork(seed);
            byte[] states = random.States(BatchWalkers);
            double time = random.Times(1)[0];
            double[] times = [.. Enumerable.Repeat(time, BatchWalkers)];
            var evaluator = Evaluator(random);
            float[] forward = SingleOutputs(evaluator, random, states, times);
            var evaluated = new float[forward.Length];
            evaluator.Evaluate(states, BatchWalkers, time, evaluated);
            AssertClose([.. forward.Select(g => (double)g)], [.. evaluated.Select(g => (double)g)],
                Math.Max(Tolerance, 1e-6), $"G, {random}");
        }
    }

    [Fact]
    public void The_gradient_of_a_batch_is_added_and_is_the_sum_over_its_walkers()
    {
        for (ulong seed = 0; seed < (ulong)RandomNetworks; seed += 4)
        {
            var random = new RandomNetwork(seed);
            int sites = random.Architecture.Lattice.Sites, outputs = random.Architecture.Outputs;
            byte[] states = random.States(BatchWalkers);
            double[] times = random.Times(BatchWalkers), u = random.Normals(BatchWalkers * outputs);
            var evaluator = Evaluator(random);
            var together = new double[random.Parameters.Values.Length];
            Array.Fill(together, 1);
            var apart = (double[])together.Clone();
            Outputs(evaluator, random, states, times);
            Backward(evaluator, u, together);
            for (int m = 0; m < BatchWalkers; m++)
            {
                Outputs(evaluator, random, states[(m * sites)..((m + 1) * sites)], [times[m]]);
                Backward(evaluator, u[(m * outputs)..((m + 1) * outputs)], apart);
            }
            AssertClose(apart, together, Tolerance, random.ToString());
        }
    }

    [Fact]
    public void New_parameters_take_effect_in_evaluators_that_exist_and_may_lie_in_a_larger_vector()
    {
        var random = new RandomNetwork(7);
        var model = new LeapsModel(random.Architecture, new FreeEnergyNetwork([4]));
        foreach (var tensor in random.Architecture.Layout.Tensors)
            random.Parameters[tensor.Name].CopyTo(model.Parameters[tensor.Name]);
        byte[] states = random.States(3);
        double[] times = random.Times(3);
        float[] expected = SingleOutputs(Evaluator(random), random, states, times);

        var network = Create(random.Architecture);
        network.Load(RandomNetwork.RandomParameters(random.Architecture, seed: 1234));
        var evaluator = network.CreateEvaluator();
        Assert.NotEqual(expected, SingleOutputs(evaluator, random, states, times));
        network.Load(model.Parameters);
        Assert.Equal(expected, SingleOutputs(evaluator, random, states, times));
    }

    [Fact]
    public void After_the_first_call_no_method_allocates()
    {
        for (ulong seed = 0; seed < 4; seed++)
        {
            var random = new RandomNetwork(seed);
            byte[] states = random.States(BatchWalkers);
            double[] times = random.Times(BatchWalkers);
            var output = new float[BatchWalkers * random.Architecture.Outputs];
            var evaluator = Evaluator(random);
            evaluator.Evaluate(states, BatchWalkers, 0.5, output);
            evaluator.Forward(states, times, output);
            var gradient = new double[random.Parameters.Values.Length];
            evaluator.Backward(output, gradient);
            evaluator.Follow(states, BatchWalkers, 0.5, output);
            SiteJump[] jumps = [new SiteJump(1, 2, states[random.Architecture.Lattice.Sites + 2])];
            evaluator.FollowJumps(states, jumps, output);
            Assert.Equal(0, Allocation.Of(() =>
            {
                evaluator.Evaluate(states, BatchWalkers, 0.25, output);
                evaluator.Forward(states, times, output);
                evaluator.Backward(output, gradient);
                evaluator.Follow(states, BatchWalkers, 0.25, output);
                evaluator.FollowJumps(states, jumps, output);
            }));
        }
    }
}
