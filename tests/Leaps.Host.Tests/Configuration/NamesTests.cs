using Leaps.Host.Configuration;
using Leaps.Model;
using Leaps.Model.Sampling;

namespace Leaps.Host.Tests.Configuration;

public class NamesTests
{
    [Theory]
    [InlineData("", "", 0)]
    [InlineData("kernals", "kernels", 1)]
    [InlineData("trian", "train", 1)]
    [InlineData("", "abc", 3)]
    [InlineData("kitten", "sitting", 3)]
    public void Edit_distance_counts_insertions_deletions_replacements_and_swaps(
        string a, string b, int distance)
    {
        Assert.Equal(distance, NearestName.EditDistance(a, b));
        Assert.Equal(distance, NearestName.EditDistance(b, a));
    }

    [Fact]
    public void The_nearest_name_is_found_and_far_ones_are_not()
    {
        Assert.Equal("walkers", NearestName.Find("walker", ["windows", "walkers"]));
        Assert.Null(NearestName.Find("temperature", ["beta", "lattice"]));
    }

    [Fact]
    public void Values_of_enumerations_have_their_configuration_names()
    {
        Assert.Equal(["uniform", "exp_2", "adaptive"], Choice.Names<TimeGridKind>());
        Assert.Equal(["none", "metropolis", "heat-bath", "metropolis-sweep", "heat-bath-sweep",
            "swendsen-wang", "wolff"],
            Choice.Names<McmcKernelKind>());
        Assert.True(Choice.TryParse("swendsen-wang", out McmcKernelKind kernel));
        Assert.Equal(McmcKernelKind.SwendsenWang, kernel);
        Assert.False(Choice.TryParse("SwendsenWang", out kernel));
    }

    [Fact]
    public void A_configuration_of_the_reference_is_a_flat_mapping_of_texts()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("ising_config.yml",
            "target: 'ising'\nL: 15\npath  : 'linear' ## a comment\n"
            + "kernel_sizes: [3, 5]\nlr: 3.0e-4\n");

        var values = ReferenceYaml.Parse(path);

        Assert.Equal("ising", values["target"]);
        Assert.Equal("15", values["L"]);
        Assert.Equal("linear", values["path"]);
        Assert.Equal("3.0e-4", values["lr"]);
        Assert.Equal(["3", "5"], (IReadOnlyList<string>)values["kernel_sizes"]);
        string nested = folder.Write("nested.yml", "L: 15\na:\n  b: 1\n");
        Assert.Equal($"{nested}, line 2: 'a' must be a value or a list of values",
            Assert.Throws<LeapsException>(() => ReferenceYaml.Parse(nested)).Message);
        string list = folder.Write("list.yml", "- 1");
        Assert.Equal($"{list}: not a configuration of the reference; expected lines such as 'L: 15'",
            Assert.Throws<LeapsException>(() => ReferenceYaml.Parse(list)).Message);
    }
}
