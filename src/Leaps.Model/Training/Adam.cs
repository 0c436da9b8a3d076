namespace Leaps.Model.Training;

/// <summary>
/// Adam with bias correction. Source: D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR
/// 2015. Parameters are rounded to float32 after each step, so that every device holds the same numbers.
/// </summary>
public sealed class Adam(int parameters)
{
    private const double Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1e-8;

    /// <summary>Running mean of the gradient, (parameters).</summary>
    public double[] FirstMoment { get; } = new double[parameters];

    /// <summary>Running mean of its square, (parameters).</summary>
    public double[] SecondMoment { get; } = new double[parameters];

    /// <summary>Steps taken.</summary>
    public int Steps { get; set; }

    public void Step(Span<double> values, ReadOnlySpan<double> gradient, double learningRate)
    {
        Steps++;
        double correction1 = 1 - Math.Pow(Beta1, Steps), correction2 = 1 - Math.Pow(Beta2, Steps);
        double rate = learningRate / correction1, root = 1 / Math.Sqrt(correction2);
        for (int i = 0; i < values.Length; i++)
        {
            double g = gradient[i];
            FirstMoment[i] += (1 - Beta1) * (g - FirstMoment[i]);
            SecondMoment[i] += (1 - Beta2) * (g * g - SecondMoment[i]);
            values[i] =
                (float)(values[i] - rate * FirstMoment[i] / (root * Math.Sqrt(SecondMoment[i]) + Epsilon));
        }
    }

    /// <summary>
    /// Euclidean norm of the gradient; a longer one than <paramref name="limit"/> is scaled down to it.
    /// </summary>
    public static double ClipNorm(Span<double> gradient, double limit)
    {
        double squares = 0;
        foreach (double g in gradient) squares += g * g;
        double norm = Math.Sqrt(squares);
        if (limit > 0 && norm > limit)
        {
            double scale = limit / norm;
            foreach (ref double g in gradient) g *= scale;
        }
        return norm;
    }
}
