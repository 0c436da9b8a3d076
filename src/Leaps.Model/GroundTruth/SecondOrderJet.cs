namespace Leaps.Model.GroundTruth;

/// <summary>
/// A function of one variable at a point: its value and first two derivatives. Sums and compositions carry
/// the derivatives along analytically (the product and chain rules), so none is a finite difference.
/// </summary>
internal readonly record struct SecondOrderJet(double Value, double First, double Second)
{
    public static SecondOrderJet operator +(SecondOrderJet x, SecondOrderJet y) =>
        new(x.Value + y.Value, x.First + y.First, x.Second + y.Second);

    public static SecondOrderJet operator -(SecondOrderJet x, SecondOrderJet y) =>
        new(x.Value - y.Value, x.First - y.First, x.Second - y.Second);

    public static SecondOrderJet operator *(double factor, SecondOrderJet x) =>
        new(factor * x.Value, factor * x.First, factor * x.Second);

    /// <summary>e^x.</summary>
    public SecondOrderJet Exp()
    {
        double e = Math.Exp(Value);
        return Compose(e, e, e);
    }

    /// <summary>log(1 + x), x &gt; -1.</summary>
    public SecondOrderJet Log1P()
    {
        double slope = 1 / (1 + Value);
        return Compose(SmallArgument.Log1P(Value), slope, -slope * slope);
    }

    /// <summary>log(e^x - 1), x &gt; 0.</summary>
    public SecondOrderJet LogExpM1()
    {
        double slope = -1 / SmallArgument.ExpM1(-Value);
        return Compose(Math.Log(SmallArgument.ExpM1(Value)), slope, slope * (1 - slope));
    }

    /// <summary>
    /// log Σ e^{x_i}. The second derivative is the mean of the terms' plus the variance of the first
    /// ones, taken about their mean: squares of large slopes never cancel.
    /// </summary>
    public static SecondOrderJet LogSumExp(ReadOnlySpan<SecondOrderJet> terms)
    {
        double max = double.NegativeInfinity, sum = 0, first = 0, second = 0;
        foreach (var term in terms)
            max = Math.Max(max, term.Value);
        foreach (var term in terms)
        {
            double weight = Math.Exp(term.Value - max);
            sum += weight;
            first += weight * term.First;
        }
        first /= sum;
        foreach (var term in terms)
        {
            double deviation = term.First - first;
            second += Math.Exp(term.Value - max) / sum * (term.Second + deviation * deviation);
        }
        return new SecondOrderJet(max + Math.Log(sum), first, second);
    }

    // f(x(K)) from f and its derivatives at x.
    private SecondOrderJet Compose(double f, double slope, double curvature) =>
        new(f, slope * First, curvature * First * First + slope * Second);
}
