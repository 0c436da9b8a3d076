using Leaps.Model.Devices;
using Leaps.Model.Devices.Simd;
using Leaps.Model.Random;

namespace Leaps.Model.Tests.Devices;

/// <summary>Outputs brought up to date jump by jump are those of evaluating the new states.</summary>
public sealed class FollowingTests
{
    [Fact]
    public void Followed_outputs_equal_those_of_a_new_evaluation_for_random_shapes_and_jumps()
    {
        int followed = 0;
        for (ulong seed = 1; seed <= 70; seed++)
        {
            var random = new RandomNetwork(seed, states: seed > 60 ? (int)seed - 54 : null);     // q = 7 … 16
            var net = random.Architecture;
            if (new JumpReach(net).WorkFraction <= 0.7) followed++;
            var network = new SimdNetwork(net);
            network.Load(random.Parameters);
            RateEvaluator fast = network.CreateEvaluator(), anew = network.CreateEvaluator();
            const int walkers = 5;
            byte[] states = random.States(walkers);
            double t = random.Times(1)[0];
            var output = new float[walkers * net.Outputs];
            var expected = new float[walkers * net.Outputs];
            fast.Follow(states, walkers, t, output);
            anew.Evaluate(states, walkers, t, expected);
            Assert.Equal(expected, output);
            var stream = new RandomStream(seed, RandomPurpose.Test);
            int values = Math.Max(2, net.PottsStates), sites = net.Lattice.Sites;
            for (int round = 0; round < 80; round++)
            {
                var jumps = new List<SiteJump>();
                for (int place = 0; place < walkers; place++)
                {
                    if (stream.NextInt(3) == 0) continue;
                    int site = stream.NextInt(sites);
                    byte previous = states[place * sites + site];
                    states[place * sites + site] =
                        (byte)((previous + 1 + stream.NextInt(values - 1)) % values);
                    jumps.Add(new SiteJump(place, site, previous));
                }
                fast.FollowJumps(states, jumps.ToArray(), output);
                anew.Evaluate(states, walkers, t, expected);
                double size = Math.Max(1e-3, expected.Max(Math.Abs));
                for (int i = 0; i < output.Length; i++)
                {
                    Assert.True(Math.Abs(output[i] - expected[i]) <= 3e-5 * size,
                        $"seed {seed}, round {round}, entry {i}: {output[i]} against {expected[i]} of "
                        + $"size {size}, {random}");
                }
            }
        }
        Assert.True(followed >= 10, $"only {followed} of the shapes were worth following");
    }

    [Fact]
    public void Outputs_and_gradients_have_the_same_bits_whatever_the_vector_width()
    {
        // Every set that this machine has; the portable one fuses multiply and add where the hardware does.
        var sets = Enum.GetValues<SimdInstructionSet>()
            .Where(set => set >= SimdNetwork.BestInstructionSet).ToArray();
        Assert.True(sets.Length > 1, "there is only one instruction set: nothing to compare");
        for (ulong seed = 1; seed <= 20; seed++)
        {
            var random = new RandomNetwork(seed);
            float[] Run(SimdInstructionSet set)
            {
                var network = new SimdNetwork(random.Architecture, set);
                network.Load(random.Parameters);
                var evaluator = network.CreateEvaluator();
                byte[] state = random.States(1);
                var output = new float[random.Architecture.Outputs];
                evaluator.Follow(state, 1, 0.3, output);
                byte previous = state[1];
                state[1] = (byte)(previous == 0 ? 1 : 0);
                evaluator.FollowJumps(state, [new SiteJump(0, 1, previous)], output);
                var gradient = new double[random.Parameters.Values.Length];
                var outputs = new float[output.Length];
                evaluator.Forward(state, [0.6], outputs);
                evaluator.Backward(outputs, gradient);
                return [.. output, .. outputs, .. gradient.Select(g => (float)g)];
            }
            foreach (var set in sets[1..])
                Assert.Equal(Run(sets[0]), Run(set));
        }
    }
}
