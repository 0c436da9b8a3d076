using Leaps.Model.GroundTruth;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.GroundTruth;

/// <summary>The front door names its sources, and two sources of one value agree.</summary>
public sealed class ExactAnswerTests
{
    [Fact]
    public void A_large_ising_lattice_without_field_is_answered_by_kaufman_alone()
    {
        var answer = ExactAnswer.For(Lattices.Ising(15, 15, 0.4407, 0), 1);
        Assert.Equal("Kaufman", answer.LogNormalizer!.Source);
        Assert.Equal(209.826070136327095, answer.LogNormalizer.Value, 1e-11);
        Assert.Equal(-1.455746984773022660550843, answer.EnergyPerSite!.Value, 1e-12);
        Assert.Equal(1.465954480290195444443929, answer.SpecificHeat!.Value, 1e-11);
        Assert.Null(answer.OrderParameter);
        Assert.Null(answer.Distribution);
        Assert.Null(answer.Correlation);
    }

    [Fact]
    public void A_small_lattice_is_answered_by_both_and_they_agree()
    {
        var target = Lattices.Ising(3, 4, 0.5, 0);
        var answer = ExactAnswer.For(target, 0.7);
        var enumerated = Enumeration.At(target, 0.7);
        Assert.Equal("Kaufman", answer.LogNormalizer!.Source);
        Assert.Equal("enumeration", answer.OrderParameter!.Source);
        Assert.Equal(enumerated.LogNormalizer, answer.LogNormalizer.Value, 1e-12);
        Assert.Equal(enumerated.SpecificHeat, answer.SpecificHeat!.Value, 1e-12);
        Assert.Equal(1, answer.Distribution!.Value.Sum(entry => entry.Probability), 1e-12);
        Assert.Equal(1, answer.Correlation!.Value[0], 1e-12);
    }

    [Fact]
    public void With_a_field_enumeration_answers_and_large_lattices_have_no_answer()
    {
        Assert.Equal("enumeration", ExactAnswer.For(Lattices.Ising(3, 3, 0.5, 0.1), 1).LogNormalizer!.Source);
        Assert.True(ExactAnswer.For(Lattices.Ising(15, 15, 0.5, 0.1), 1).IsEmpty);
        Assert.True(ExactAnswer.For(Lattices.Ising(15, 15, -0.5, 0), 1).IsEmpty);
        Assert.True(ExactAnswer.For(Lattices.Potts(15, 15, 3, 1), 1).IsEmpty);
    }

    [Fact]
    public void At_time_zero_every_target_has_the_uniform_answer()
    {
        foreach (Target target in (Target[])[Lattices.Potts(15, 15, 3, 1), Lattices.Ising(15, 15, 0.5, 0.1)])
            Assert.Equal(target.LogInitialNormalizer, ExactAnswer.For(target, 0).LogNormalizer!.Value, 1e-11);
        Assert.Equal(
            "uniform density", ExactAnswer.For(Lattices.Potts(15, 15, 3, 1), 0).LogNormalizer!.Source);
    }

    [Fact]
    public void Potts_with_two_values_is_the_ising_model_at_half_the_coupling()
    {
        var target = Lattices.Potts(3, 4, 2, 0.9);
        var answer = ExactAnswer.For(target, 1);
        var enumerated = Enumeration.At(target, 1);
        Assert.Equal("Kaufman", answer.LogNormalizer!.Source);
        Assert.Equal(enumerated.LogNormalizer, answer.LogNormalizer.Value, 1e-12);
        Assert.Equal(enumerated.EnergyPerSite, answer.EnergyPerSite!.Value, 1e-12);
        Assert.Equal(enumerated.SpecificHeat, answer.SpecificHeat!.Value, 1e-12);
    }
}
