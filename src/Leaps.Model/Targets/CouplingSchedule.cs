namespace Leaps.Model.Targets;

/// <summary>
/// Couplings of a lattice model: interaction J, field h = moment · field (μB), inverse temperature β.
/// All energies are dimensionless: β is inside U_t.
/// </summary>
public readonly record struct Couplings(double J, double Field, double InverseTemperature, double Moment = 1);

/// <summary>The two couplings that enter the energy, and their derivatives in t.</summary>
/// <param name="Bond">β_t J_t.</param>
/// <param name="Site">β_t h_t.</param>
/// <param name="BondDerivative">∂_t (β_t J_t).</param>
/// <param name="SiteDerivative">∂_t (β_t h_t).</param>
public readonly record struct EffectiveCouplings(
    double Bond, double Site, double BondDerivative, double SiteDerivative);

public enum ScheduleShape
{
    /// <summary>(1-t) a_0 + t a_1.</summary>
    Linear,

    /// <summary>cos(πt/2) a_0 + sin(πt/2) a_1.</summary>
    Trig,

    /// <summary>
    /// (1-v) a_0 + v a_1 with v rising linearly to <c>switchValue</c> at t = 0.2, then by the sine of
    /// ½π((t-0.2)/0.8)^0.7 to one. The rescaling by 0.8, absent in the reference, makes v(1) = 1.
    /// </summary>
    Switch,
}

/// <summary>
/// How the couplings move from t = 0 to t = 1 (annealing time). Each coupling is interpolated by the
/// same shape; products such as β_t J_t follow by the product rule.
/// </summary>
public sealed class CouplingSchedule
{
    /// <summary>
    /// |β_t J_t| and |β_t h_t| exceed this nowhere on the path. A change of one site then changes U_t by at
    /// most 2 (4 + 1) · 30 = 300, so that e^{-ΔU_t}, which weighs the incoming rates, and its square in the
    /// loss of a training stay far from e^709, where double ends. Nothing is lost to physics: at βJ = 30 a
    /// lattice is in its ground state up to one part in e^240.
    /// </summary>
    public const double LargestCoupling = 30;

    private const double SwitchTime = 0.2;
    private const double SwitchExponent = 0.7;

    /// <exception cref="LeapsException">
    /// A coupling is not finite, or βJ or βh exceeds <see cref="LargestCoupling"/> on the path; or the switch
    /// value of that shape is not in [0, 1].
    /// </exception>
    public CouplingSchedule(ScheduleShape shape, Couplings start, Couplings end, double switchValue = 0.5)
    {
        ReadOnlySpan<double> values =
        [
            start.J, start.Field, start.InverseTemperature, start.Moment,
            end.J, end.Field, end.InverseTemperature, end.Moment, switchValue,
        ];
        foreach (double value in values)
        {
            if (!double.IsFinite(value))
                throw new LeapsException("A coupling of the schedule is not a finite number.");
        }
        if (shape == ScheduleShape.Switch && switchValue is < 0 or > 1)
            throw new LeapsException(FormattableString.Invariant(
                $"The switch value is {switchValue}; allowed: 0 to 1."));
        Shape = shape;
        Start = start;
        End = end;
        SwitchValue = switchValue;
        CheckBounds();
    }

    public ScheduleShape Shape { get; }
    public Couplings Start { get; }
    public Couplings End { get; }
    public double SwitchValue { get; }

    /// <summary>β_t J_t, β_t h_t and their analytic derivatives at annealing time t in [0, 1].</summary>
    public EffectiveCouplings At(double t)
    {
        var (w0, w1, d0, d1) = Weights(t);
        double j = w0 * Start.J + w1 * End.J, dj = d0 * Start.J + d1 * End.J;
        double m = w0 * Start.Moment + w1 * End.Moment, dm = d0 * Start.Moment + d1 * End.Moment;
        double b = w0 * Start.Field + w1 * End.Field, db = d0 * Start.Field + d1 * End.Field;
        double beta = w0 * Start.InverseTemperature + w1 * End.InverseTemperature;
        double dBeta = d0 * Start.InverseTemperature + d1 * End.InverseTemperature;
        return new EffectiveCouplings(
            beta * j, beta * m * b,
            dBeta * j + beta * dj, dBeta * m * b + beta * (dm * b + m * db));
    }

    // The couplings are smooth between these times, the switch's corner at 0.2 being one of them: what they
    // gain in between is far less than the bound leaves free.
    private void CheckBounds()
    {
        const int steps = 100;
        for (int step = steps; step >= 0; step--)
        {
            double t = step / (double)steps;
            var couplings = At(t);
            Check("βJ", couplings.Bond, t);
            Check("βh", couplings.Site, t);
        }

        static void Check(string name, double value, double t)
        {
            // NaN comes of 0 · ∞, where the couplings are too large to be multiplied.
            if (!(Math.Abs(value) <= LargestCoupling))
                throw new LeapsException(FormattableString.Invariant(
                    $"{name} is {value} at t = {t}; allowed: ±{LargestCoupling} on the whole path."));
        }
    }

    // The weights of the two ends and their derivatives in t.
    private (double W0, double W1, double D0, double D1) Weights(double t)
    {
        switch (Shape)
        {
            case ScheduleShape.Linear:
                return (1 - t, t, -1, 1);
            case ScheduleShape.Trig:
                double angle = Math.PI / 2 * t;
                // sin and cos at t = 0 and 1 are made exact, so that both ends are the couplings asked for.
                double cos = t == 1 ? 0 : Math.Cos(angle), sin = t == 1 ? 1 : Math.Sin(angle);
                return (cos, sin, -Math.PI / 2 * sin, Math.PI / 2 * cos);
            default:
                var (v, dv) = SwitchRamp(t);
                return (1 - v, v, -dv, dv);
        }
    }

    private (double Value, double Derivative) SwitchRamp(double t)
    {
        if (t <= SwitchTime)
            return (SwitchValue * t / SwitchTime, SwitchValue / SwitchTime);
        double u = (t - SwitchTime) / (1 - SwitchTime);
        double phase = Math.PI / 2 * Math.Pow(u, SwitchExponent);
        double slope = Math.PI / 2 * SwitchExponent * Math.Pow(u, SwitchExponent - 1) / (1 - SwitchTime);
        return (SwitchValue + (1 - SwitchValue) * (t == 1 ? 1 : Math.Sin(phase)),
            (1 - SwitchValue) * Math.Cos(phase) * slope);
    }
}
