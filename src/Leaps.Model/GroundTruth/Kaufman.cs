using Leaps.Model.Targets;

namespace Leaps.Model.GroundTruth;

/// <summary>The zero-field Ising model on a finite torus at K = βJ; energies are in units of J.</summary>
/// <param name="Sites">N</param>
/// <param name="K">βJ</param>
/// <param name="LogNormalizer">log Z</param>
/// <param name="Energy">-d log Z / dK = -⟨Σ_&lt;ij&gt; s_i s_j⟩</param>
/// <param name="EnergyVariance">d² log Z / dK²</param>
public readonly record struct KaufmanValues(
    int Sites, double K, double LogNormalizer, double Energy, double EnergyVariance)
{
    public double EnergyPerSite => Energy / Sites;

    /// <summary>K² Var(E/J) / N, in units of k_B.</summary>
    public double SpecificHeat => K * K * EnergyVariance / Sites;
}

/// <summary>
/// Kaufman's exact partition function of the Ising model on an m × n torus,
/// Z = ½ (2 sinh 2K)^{mn/2} [ Π 2cosh(mγ_{2r+1}/2) + Π 2sinh(mγ_{2r+1}/2)
///                           + Π 2cosh(mγ_{2r}/2) + Π 2sinh(mγ_{2r}/2) ],
/// r = 0 … n-1, cosh γ_k = cosh²(2K) / sinh(2K) - cos(πk/n), γ_0 = 2K + log tanh K (negative below K_c).
/// Source: B. Kaufman, Phys. Rev. 76, 1232 (1949).
/// </summary>
/// <remarks>
/// Evaluated without cancellation. With λ_k = 2 sinh(2K) e^{γ_k}, x_k = e^{-γ_k}, a product over cosh or sinh
/// is Π λ_k^{m/2} (1 ± x_k^m) = Λ C or Λ S; the signed factor k = 0 is λ_+^{m/2} ± λ_-^{m/2} with
/// λ_+ = 4 e^{2K} sinh² K, λ_- = 4 e^{-2K} cosh² K. So the bracket is the sum of five positive terms,
/// Λ_odd C_odd + Λ_odd S_odd + Λ_even [λ_+^{m/2} (C + S) + λ_-^{m/2} (C - S)].
/// Σ_k cos(πk/n) = 0 over either half, so 2K cos(πk/n) is added to each log λ_k: the sum is unchanged,
/// and the terms of order one in the derivative, which would cancel at small K, are gone.
/// </remarks>
public static class Kaufman
{
    // Below, corrections to the leading order, and above, excitations (e^{-8K}), are lost in a double.
    private const double SmallestCoupling = 1e-30;
    private const double LargestCoupling = 100;

    /// <summary>Whether the formula covers K on this lattice: K ≥ 0, or both sides even.</summary>
    public static bool Covers(int rows, int columns, double k) =>
        double.IsFinite(k) && (k >= 0 || (rows % 2 == 0 && columns % 2 == 0));

    /// <exception cref="LeapsException">A side is below 2, K isn't finite, or K &lt; 0 and a side is
    /// odd.</exception>
    public static KaufmanValues At(int rows, int columns, double k)
    {
        if (rows < 2 || columns < 2)
            throw new LeapsException(
                $"A lattice of {rows}×{columns} is not possible: each side must be at least 2.");
        if (!Covers(rows, columns, k))
            throw new LeapsException(FormattableString.Invariant(
                $"No exact solution for K = {k} on {rows}×{columns}: an antiferromagnet needs even sides."));

        // Flipping one sublattice of an even lattice turns K into -K.
        double size = Math.Abs(k), sign = k < 0 ? -1 : 1;
        int sites = checked(rows * columns);
        if (size < SmallestCoupling)
        {
            // Var = Σ over pairs of (number of bonds)²; a side of two has double bonds.
            double variance = (double)sites * ((rows == 2 ? 2 : 1) + (columns == 2 ? 2 : 1));
            return new KaufmanValues(sites, k, sites * Math.Log(2), -k * variance, variance);
        }
        if (size > LargestCoupling)
            return new KaufmanValues(sites, k, 2 * sites * size + Math.Log(2), -2 * sites * sign, 0);
        var logZ = LogNormalizer(rows, columns, size);
        return new KaufmanValues(sites, k, logZ.Value, -sign * logZ.First, Math.Max(0, logZ.Second));
    }

    private static SecondOrderJet LogNormalizer(int m, int n, double k)
    {
        double half = 0.5 * m;
        var (oddScale, oddCosh, oddSinh) = Products(m, n, k, firstMode: 1);
        var (evenScale, evenCosh, evenSinh) = Products(m, n, k, firstMode: 2);
        double sinh = Math.Sinh(k), cosh = Math.Cosh(k), tanh = Math.Tanh(k);
        var plus =
            new SecondOrderJet(Math.Log(4) + 4 * k + 2 * Math.Log(sinh), 4 + 2 / tanh, -2 / (sinh * sinh));
        var minus = new SecondOrderJet(Math.Log(4) + 2 * Math.Log(cosh), 2 * tanh, 2 / (cosh * cosh));
        Span<SecondOrderJet> terms = stackalloc SecondOrderJet[5];
        terms[0] = half * oddScale + oddCosh;
        terms[1] = half * oddScale + oddSinh;
        terms[2] = half * (evenScale + plus) + evenCosh;
        terms[3] = half * (evenScale + plus) + evenSinh;
        int count = 4;
        // log(C - S) = log S + log(C/S - 1); when C/S is one to 1e-150 the term is nothing beside the others.
        var ratio = evenCosh - evenSinh;
        if (ratio.Value > 1e-150)
            terms[count++] = half * (evenScale + minus) + evenSinh + ratio.LogExpM1();
        return SecondOrderJet.LogSumExp(terms[..count]) + new SecondOrderJet(-Math.Log(2), 0, 0);
    }

    // Σ log λ_k, log C and log S over the modes first, first + 2, … < 2n.
    private static (SecondOrderJet Scale, SecondOrderJet LogC, SecondOrderJet LogS) Products(
        int m, int n, double k, int firstMode)
    {
        SecondOrderJet scale = default, logC = default, logS = default;
        for (int mode = firstMode; mode < 2 * n; mode += 2)
        {
            double halfAngle = Math.Sin(Math.PI * mode / (2 * n));
            var (gamma, logLambda) = Mode(k, 2 * halfAngle * halfAngle);
            var x = ((double)-m * gamma).Exp();
            scale += logLambda;
            logC += x.Log1P();
            logS += (-1.0 * x).Log1P();
        }
        return (scale, logC, logS);
    }

    // γ_k and log λ_k + 2K cos(πk/n) with derivatives in K, for u = 1 - cos(πk/n) > 0.
    private static (SecondOrderJet Gamma, SecondOrderJet LogLambda) Mode(double k, double u)
    {
        double s = Math.Sinh(2 * k), c = Math.Cosh(2 * k), cos = 1 - u;
        // cosh γ = 1 + y with y = (s-1)²/s + u, a sum of positive terms, and sinh γ = √(y (y+2)).
        double y = (s - 1) / s * (s - 1) + u;
        double slope = 2 * c * ((s - 1) / s * ((s + 1) / s));
        double curvature = 4 * s * ((s - 1) / s * ((s + 1) / s)) + 8 * (c / s) * (c / s) / s;
        double sinh = Math.Sqrt(y) * Math.Sqrt(y + 2);
        double first = slope / sinh;
        var gamma = new SecondOrderJet(
            SmallArgument.Log1P(y + sinh), first, curvature / sinh - first * first * ((1 + y) / sinh));
        if (s < 0.5)
            return (gamma, HighTemperatureLogLambda(k, s, c, cos));
        var scale = new SecondOrderJet(Math.Log(2 * s) + 2 * k * cos, 2 * (c / s) + 2 * cos, -4 / s / s);
        return (gamma, gamma + scale);
    }

    // λ = 2μ, μ = B + R, B = 1 + s² - s cos, R² = B² - s²: for small K every difference is taken by hand.
    private static SecondOrderJet HighTemperatureLogLambda(double k, double s, double c, double cos)
    {
        double excessB = s * (s - cos), b = 1 + excessB;
        double root = Math.Sqrt((b - s) * (b + s));
        double excessRoot = (excessB * (2 + excessB) - s * s) / (1 + root);
        double mu = 2 + excessB + excessRoot, sinh = Math.Sinh(k);
        double ds = 2 * c, bShifted = 2 * s * ds - 4 * sinh * sinh * cos; // B' + 2cos
        double first = (bShifted + (b * bShifted - s * ds - 2 * cos * s * s / mu) / root
            + 2 * cos * (excessB + excessRoot)) / mu; // (log μ)' + 2cos

        double slopeB = ds * (2 * s - cos), curvatureB = 2 * ds * ds + 4 * s * (2 * s - cos);
        double slopeRoot = (b * slopeB - s * ds) / root;
        double curvatureRoot =
            (slopeB * slopeB + b * curvatureB - ds * ds - 4 * s * s - slopeRoot * slopeRoot) / root;
        double ratio = (slopeB + slopeRoot) / mu;
        return new SecondOrderJet(
            Math.Log(2 * mu) + 2 * k * cos, first, (curvatureB + curvatureRoot) / mu - ratio * ratio);
    }
}
