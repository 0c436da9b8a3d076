using Leaps.Model.Networks;
using Leaps.Model.Storage.Import;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.Model.Tests.Storage;

public class ReferenceConfigTests
{
    [Theory]
    [InlineData("ising", 200)]
    [InlineData("potts", 1000)]
    public void The_reference_configurations_are_understood(string kind, int moves)
    {
        var config = ReferenceConfig.Parse(Flat(ReferenceData.Require($"{kind}_config.yml")));
        Assert.Equal(kind, config.Target.Name);
        Assert.Equal(15, config.Target.Lattice.Rows);
        Assert.Equal(new Couplings(1, 0, kind == "potts" ? 1.001 : 0.4407, 0), config.Target.Schedule.End);
        Assert.Equal([3, 5, 7, 9, 15], config.Windows.Select(window => window.Columns));
        Assert.Equal(20, config.Channels);
        Assert.Equal([200, 200, 200, 200], config.FreeEnergyHidden);
        Assert.Equal(FirstPadding.Zeros, config.CreateNetwork().Padding);
        Assert.Equal(new TrainingOptions
        {
            Source = TrainingSource.Rollouts,
            LearningRate = 3e-4,
            DecayEvery = 1000,
            DecayFactor = 0.995,
            RolloutWalkers = 200,
            Batch = 400,
            BufferCycle = 100,
            BufferSize = 100,
            RolloutMoves = moves,
            HorizonUpdates = 20_000,
            HorizonStep = 0.008,
            GradientClip = 100_000,
        }, config.Training);
        string[] notes = ["warm_up has no counterpart here and is left out."];
        Assert.Equal(kind == "potts" ? notes : [], config.Notes);
    }

    [Fact]
    public void The_field_is_moment_times_B_and_texts_and_numbers_are_equally_good()
    {
        var values = new Dictionary<string, object?>
        {
            ["target"] = "ising",
            ["L"] = "6",
            ["path"] = "trig",
            ["num_channels"] = 4,
            ["kernel_sizes"] = new List<object> { "3", 5L },
            ["F_hidden_sizes"] = new[] { 8, 8 },
            ["J_0"] = 0,
            ["J_1"] = "1",
            ["mu_0"] = 0.0,
            ["mu_1"] = "2e-1",
            ["B_0"] = 0L,
            ["B_1"] = 0.5f,
            ["beta_0"] = "0.3",
            ["beta_1"] = 0.5m,
            ["use_buffer"] = "False",
            ["anneal_quadratic"] = "no",
            ["starting_k"] = 3,
            ["oddity"] = new object(),
        };
        var config = ReferenceConfig.Parse(values);
        Assert.Equal(ScheduleShape.Trig, config.Target.Schedule.Shape);
        Assert.Equal(new Couplings(1, 0.5, 0.5, 0.2), config.Target.Schedule.End);
        Assert.Equal(0.5 * 0.1, config.Target.Schedule.At(1).Site, 15);
        Assert.Equal((1, 1), (config.Training.BufferCycle, config.Training.BufferSize));
        Assert.Equal(3, config.Notes.Count);
        values["path"] = "switch";
        var refusal = Assert.Throws<LeapsException>(() => ReferenceConfig.Parse(values));
        Assert.StartsWith("path is 'switch'", refusal.Message, StringComparison.Ordinal);
    }

    // The files are flat: key: value # comment, with [lists] and 'quotes'.
    private static Dictionary<string, object?> Flat(string path)
    {
        var values = new Dictionary<string, object?>();
        foreach (string line in File.ReadLines(path))
        {
            if (line.Split('#')[0].Split(':') is not [string key, string text])
                continue;
            string value = text.Trim().Trim('\'', '"');
            values[key.Trim()] = value.StartsWith('[')
                ? value.Trim('[', ']').Split(',').Select(item => (object)item.Trim()).ToList()
                : value;
        }
        return values;
    }
}
