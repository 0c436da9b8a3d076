using Leaps.Model.Sampling.Mcmc;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Sampling.Mcmc;

/// <summary>
/// The exact one-sweep transition matrix of a kernel, P[x][y], built from the definition of the algorithm and
/// brute-force energies, sharing no code with the kernels (but the order of the colour classes).
/// </summary>
internal static class TransitionMatrices
{
    public static double[][] Of(McmcKernel kernel, double t) => kernel switch
    {
        Metropolis => RandomSite(kernel.Target, t, MetropolisUpdate),
        HeatBath => RandomSite(kernel.Target, t, HeatBathUpdate),
        MetropolisSweep => InOrder(kernel.Target, t, MetropolisUpdate),
        HeatBathSweep => InOrder(kernel.Target, t, HeatBathUpdate),
        SwendsenWang => SwendsenWangMatrix(kernel.Target, t),
        Wolff => WolffMatrix(kernel.Target, t),
        _ => throw new ArgumentException("unknown kernel", nameof(kernel)),
    };

    private delegate double[] SiteUpdate(Target target, double t, byte[] state, int site);

    // Probabilities of the values that site takes.
    private static double[] MetropolisUpdate(Target target, double t, byte[] state, int site)
    {
        var probabilities = new double[target.States];
        byte own = state[site];
        double before = target.Energy(state, t), moved = 0;
        for (int v = 0; v < target.States; v++)
        {
            if (v == own)
                continue;
            var proposed = (byte[])state.Clone();
            proposed[site] = (byte)v;
            probabilities[v] =
                Math.Min(1, Math.Exp(before - target.Energy(proposed, t))) / (target.States - 1);
            moved += probabilities[v];
        }
        probabilities[own] = 1 - moved;
        return probabilities;
    }

    private static double[] HeatBathUpdate(Target target, double t, byte[] state, int site)
    {
        var weights = new double[target.States];
        for (int v = 0; v < target.States; v++)
        {
            var changed = (byte[])state.Clone();
            changed[site] = (byte)v;
            weights[v] = Math.Exp(-target.Energy(changed, t));
        }
        double sum = weights.Sum();
        return [.. weights.Select(weight => weight / sum)];
    }

    private static double[][] RandomSite(Target target, double t, SiteUpdate update)
    {
        double[][] matrix = Zero(target);
        for (int x = 0; x < matrix.Length; x++)
        {
            for (int site = 0; site < target.Sites; site++)
                Spread(target, t, x, site, 1.0 / target.Sites, update, matrix[x]);
        }
        return matrix;
    }

    private static double[][] InOrder(Target target, double t, SiteUpdate update)
    {
        double[][] matrix = Zero(target);
        int[] order = new ColourClasses(target.Lattice).Sites;
        for (int x = 0; x < matrix.Length; x++)
        {
            var row = new double[matrix.Length];
            row[x] = 1;
            foreach (int site in order)
            {
                var next = new double[row.Length];
                for (int y = 0; y < row.Length; y++)
                {
                    if (row[y] > 0)
                        Spread(target, t, y, site, row[y], update, next);
                }
                row = next;
            }
            matrix[x] = row;
        }
        return matrix;
    }

    private static void Spread(
        Target target, double t, int x, int site, double weight, SiteUpdate update, double[] row)
    {
        byte[] state = Lattices.State(target, x);
        double[] values = update(target, t, state, site);
        for (int v = 0; v < values.Length; v++)
        {
            state[site] = (byte)v;
            row[Lattices.Number(target, state)] += weight * values[v];
        }
    }

    // All sets of kept bonds among those between equal values.
    private static IEnumerable<(double Probability, int[] Clusters)> Percolations(
        Target target, double t, byte[] state)
    {
        var (couplings, lattice) = (target.Schedule.At(t), target.Lattice);
        double keep = 1 - Math.Exp(-(target is IsingTarget ? 2 : 1) * couplings.Bond);
        var bonds = new List<(int, int)>();
        for (int i = 0; i < target.Sites; i++)
        {
            foreach (int j in (int[])[lattice.Right[i], lattice.Down[i]])
            {
                if (state[i] == state[j])
                    bonds.Add((i, j));
            }
        }
        for (int set = 0; set < 1 << bonds.Count; set++)
        {
            double probability = 1;
            int[] clusters = [.. Enumerable.Range(0, target.Sites)];
            for (int b = 0; b < bonds.Count; b++)
            {
                bool kept = (set >> b & 1) == 1;
                probability *= kept ? keep : 1 - keep;
                if (!kept)
                    continue;
                int from = clusters[bonds[b].Item2], to = clusters[bonds[b].Item1];
                for (int i = 0; i < clusters.Length; i++)
                {
                    if (clusters[i] == from)
                        clusters[i] = to;
                }
            }
            yield return (probability, clusters);
        }
    }

    private static double[][] SwendsenWangMatrix(Target target, double t)
    {
        double[][] matrix = Zero(target);
        double field = target.Schedule.At(t).Site;
        for (int x = 0; x < matrix.Length; x++)
        {
            foreach (var (probability, clusters) in Percolations(target, t, Lattices.State(target, x)))
            {
                int[] labels = [.. clusters.Distinct()];
                int choices = (int)Math.Pow(target.States, labels.Length);
                for (int choice = 0; choice < choices; choice++)
                {
                    double weight = probability;
                    var state = new byte[target.Sites];
                    for (int c = 0, digits = choice; c < labels.Length; c++, digits /= target.States)
                    {
                        int value = digits % target.States;
                        int size = clusters.Count(label => label == labels[c]);
                        double up = Math.Exp(field * size), down = Math.Exp(-field * size);
                        weight *= target is IsingTarget
                            ? (value == 1 ? up : down) / (up + down)
                            : 1.0 / target.States;
                        for (int i = 0; i < state.Length; i++)
                        {
                            if (clusters[i] == labels[c])
                                state[i] = (byte)value;
                        }
                    }
                    matrix[x][Lattices.Number(target, state)] += weight;
                }
            }
        }
        return matrix;
    }

    private static double[][] WolffMatrix(Target target, double t)
    {
        double[][] matrix = Zero(target);
        double field = target.Schedule.At(t).Site;
        for (int x = 0; x < matrix.Length; x++)
        {
            byte[] state = Lattices.State(target, x);
            foreach (var (probability, clusters) in Percolations(target, t, state))
            {
                for (int seed = 0; seed < target.Sites; seed++)
                {
                    for (int v = 0; v < target.States; v++)
                    {
                        if (v == state[seed])
                            continue;
                        double weight = probability / target.Sites / (target.States - 1);
                        byte[] next =
                            [.. state.Select((value, i) => clusters[i] == clusters[seed] ? (byte)v : value)];
                        int size = clusters.Count(label => label == clusters[seed]);
                        double accept = Math.Min(1, Math.Exp(field * size * 2 * (v - state[seed])));
                        matrix[x][Lattices.Number(target, next)] += weight * accept;
                        matrix[x][x] += weight * (1 - accept);
                    }
                }
            }
        }
        return matrix;
    }

    private static double[][] Zero(Target target)
    {
        int states = Lattices.Count(target);
        return [.. Enumerable.Range(0, states).Select(_ => new double[states])];
    }
}
