using Leaps.Model.GroundTruth;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.GroundTruth;

public class ExactLogNormalizerTests
{
    private static CouplingSchedule Schedule(double beta, double field = 0) => new(ScheduleShape.Linear,
        new Couplings(0, 0, beta), new Couplings(1, field, beta));

    [Fact]
    public void Along_a_path_it_is_the_exact_answer_at_each_time()
    {
        foreach (Target target in (Target[])[
            new IsingTarget(new Lattice(3, 4), Schedule(0.44)),
            new IsingTarget(new Lattice(3, 3), Schedule(0.44, 0.2)),
            new IsingTarget(new Lattice(15, 15), Schedule(0.4407)),
            new PottsTarget(new Lattice(3, 3), 3, Schedule(1)),
            new PottsTarget(new Lattice(8, 8), 2, Schedule(0.9))])
        {
            var exact = new ExactLogNormalizer(target);
            foreach (double t in (double[])[0, 0.3, 1])
                Assert.Equal(ExactAnswer.For(target, t).LogNormalizer!.Value, exact.At(t)!.Value, 1e-10);
        }
    }

    [Fact]
    public void Where_nothing_is_known_it_says_so()
    {
        var exact = new ExactLogNormalizer(new PottsTarget(new Lattice(8, 8), 3, Schedule(1)));
        Assert.Equal(64 * Math.Log(3), exact.At(0));
        Assert.Null(exact.At(0.5));
    }
}
