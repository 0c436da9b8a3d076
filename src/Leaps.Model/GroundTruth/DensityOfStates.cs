using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.GroundTruth;

/// <summary>
/// The joint density of states g(bonds, order) of a small Ising or Potts lattice, by enumeration. With it
/// Z = Σ g e^{βJ bonds + βh field} and every average is a short sum at any β, J, h.
/// </summary>
public sealed class DensityOfStates
{
    /// <summary>States with these statistics, and how many of them have x_0 = x_r, (distances).</summary>
    private readonly record struct Cell(int Bonds, int Order, double Count, double[] EqualPairs);

    private readonly Target _target;
    private readonly List<Cell> _cells = [];

    private DensityOfStates(Target target) => _target = target;

    /// <summary>Enumerates the states of the target (under a second at 2^24 visits).</summary>
    /// <exception cref="LeapsException">The states are too many.</exception>
    public static DensityOfStates Of(Target target)
    {
        var density = new DensityOfStates(target);
        int sites = target.Sites, orders = sites + 1, distances = target.Lattice.Columns / 2 + 1;
        Enumeration.Require(target);
        var counts = new long[(2 * sites + 1) * orders];
        var pairs = new long[counts.Length * distances];
        Enumeration.Count(target, counts, pairs);
        bool ising = target is IsingTarget;
        for (int cell = 0; cell < counts.Length; cell++)
        {
            int matches = cell / orders, order = cell % orders;
            // Ising: the states with site 0 up mirror those with site 0 down. Potts: q alike values.
            int mirror = ising ? matches * orders + sites - order : cell;
            double copies = ising ? 1 : 0.5 * target.States;
            double count = copies * (counts[cell] + counts[mirror]);
            if (count == 0)
                continue;
            var equal = new double[distances];
            for (int r = 0; r < distances; r++)
                equal[r] = copies * (pairs[cell * distances + r] + pairs[mirror * distances + r]);
            density._cells.Add(ising
                ? new Cell(2 * matches - 2 * sites, 2 * order - sites, count, equal)
                : new Cell(matches, order, count, equal));
        }
        return density;
    }

    /// <summary>
    /// The cells: Σ_&lt;ij&gt; s_i s_j and Σ_i s_i (Ising), or matching bonds and max_v n_v (Potts);
    /// number of states.
    /// </summary>
    public IEnumerable<(int Bonds, int Order, double Count)> Cells =>
        _cells.Select(cell => (cell.Bonds, cell.Order, cell.Count));

    /// <summary>Averages at annealing time t of the target's schedule.</summary>
    public EnsembleAverages At(double t)
    {
        var couplings = _target.Schedule.At(t);
        return At(couplings.Bond, couplings.Site);
    }

    /// <summary>Averages at given couplings, whatever the schedule.</summary>
    /// <param name="bond">βJ</param>
    /// <param name="field">βh; Ising only</param>
    public EnsembleAverages At(double bond, double field = 0)
    {
        bool ising = _target is IsingTarget;
        if (!ising && field != 0)
            throw new ArgumentException("The Potts model has no field.", nameof(field));
        var logWeights = new double[_cells.Count];
        for (int k = 0; k < logWeights.Length; k++)
            logWeights[k] = Math.Log(_cells[k].Count) + bond * _cells[k].Bonds + field * _cells[k].Order;
        double logZ = LogWeights.LogSumExp(logWeights);
        double[] weights = LogWeights.Normalised(logWeights);

        double Mean(Func<Cell, double> value)
        {
            double sum = 0;
            for (int k = 0; k < weights.Length; k++)
                sum += weights[k] * value(_cells[k]);
            return sum;
        }

        double sites = _target.Sites, q = _target.States;
        double Energy(Cell cell) => -(bond * cell.Bonds + (ising ? field * cell.Order : 0));
        double meanEnergy = Mean(Energy);
        return new EnsembleAverages
        {
            LogNormalizer = logZ,
            EnergyPerSite = -Mean(cell => cell.Bonds) / sites,
            SpecificHeat = Mean(cell => Square(Energy(cell) - meanEnergy)) / sites,
            SignedOrderParameter = Mean(cell => OrderParameter(cell.Order)),
            OrderParameter = Mean(cell => Math.Abs(OrderParameter(cell.Order))),
            SecondMoment = Mean(cell => Square(OrderParameter(cell.Order))),
            FourthMoment = Mean(cell => Square(Square(OrderParameter(cell.Order)))),
            Distribution = Distribution(weights),
            Correlation = [.. Enumerable.Range(0, _target.Lattice.Columns / 2 + 1)
                .Select(r => (q * Mean(cell => cell.EqualPairs[r] / cell.Count) - 1) / (q - 1))],
        };
    }

    private double OrderParameter(int order) => _target is IsingTarget
        ? (double)order / _target.Sites
        : ((double)_target.States * order / _target.Sites - 1) / (_target.States - 1);

    private List<(double, double)> Distribution(double[] weights)
    {
        var probabilities = new SortedDictionary<int, double>();
        for (int k = 0; k < weights.Length; k++)
            probabilities[_cells[k].Order] = probabilities.GetValueOrDefault(_cells[k].Order) + weights[k];
        return [.. probabilities.Select(entry => (OrderParameter(entry.Key), entry.Value))];
    }

    private static double Square(double x) => x * x;
}
