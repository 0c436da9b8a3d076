using Leaps.Model.Networks;
using Leaps.Model.Random;

namespace Leaps.Model.Tests.Networks;

/// <summary>The perceptron of one scalar, its derivative in t and the gradients of both.</summary>
public sealed class MlpTests
{
    private const string Prefix = "f.";
    private static readonly int[] s_widths = [1, 5, 4, 3];

    [Fact]
    public void The_output_is_the_formula_written_out()
    {
        var layout = new ParameterLayout(Mlp.Tensors(Prefix, [1, 2, 1]));
        var p = new ParameterSet(layout);
        new double[] { 0.5, -2 }.CopyTo(p["f.0.weight"]);
        new double[] { 0.1, 0.3 }.CopyTo(p["f.0.bias"]);
        new double[] { 1.5, -0.7 }.CopyTo(p["f.2.weight"]);
        new double[] { 0.25 }.CopyTo(p["f.2.bias"]);
        var output = new double[1];
        var tangent = new double[1];
        new Mlp(layout, Prefix, [1, 2, 1]).Forward(p.Values, 0.8, output, tangent);

        double z0 = 0.5 * 0.8 + 0.1, z1 = -2 * 0.8 + 0.3;
        double s0 = 1 / (1 + Math.Exp(-z0)), s1 = 1 / (1 + Math.Exp(-z1));
        Assert.Equal(1.5 * z0 * s0 - 0.7 * z1 * s1 + 0.25, output[0], 1e-14);
        double d0 = s0 + z0 * s0 * (1 - s0), d1 = s1 + z1 * s1 * (1 - s1);
        Assert.Equal(1.5 * d0 * 0.5 - 0.7 * d1 * -2, tangent[0], 1e-14);
    }

    [Fact]
    public void Tensors_are_named_and_shaped_as_in_PyTorch()
    {
        var tensors = Mlp.Tensors(Prefix, s_widths).ToArray();
        Assert.Equal(["f.0.weight", "f.0.bias", "f.2.weight", "f.2.bias", "f.4.weight", "f.4.bias"],
            tensors.Select(tensor => tensor.Name));
        Assert.Equal([4, 5], tensors[2].Shape);
        Assert.Equal([4], tensors[3].Shape);
    }

    [Fact]
    public void The_derivative_in_time_is_that_of_finite_differences()
    {
        const double step = 1e-5;
        var (mlp, p) = Random(seed: 1);
        double[] y = new double[3], dy = new double[3], above = new double[3], below = new double[3];
        for (double t = 0; t <= 1; t += 0.125)
        {
            mlp.Forward(p.Values, t, y, dy);
            mlp.Forward(p.Values, t + step, above);
            mlp.Forward(p.Values, t - step, below);
            for (int o = 0; o < 3; o++)
                Assert.Equal((above[o] - below[o]) / (2 * step), dy[o], 1e-8);
        }
    }

    [Fact]
    public void The_gradient_of_outputs_and_time_derivatives_is_that_of_finite_differences()
    {
        const double step = 1e-5, t = 0.63;
        double[] u = [0.7, -1.3, 0.4], v = [1.1, 0.6, -0.9];
        var (mlp, p) = Random(seed: 2);
        double[] y = new double[3], dy = new double[3];
        var gradient = new double[p.Values.Length];
        Array.Fill(gradient, 10);       // gradients are added
        mlp.Forward(p.Values, t, y, dy);
        mlp.Backward(p.Values, u, v, gradient);
        for (int k = 0; k < gradient.Length; k++)
        {
            double value = p.Values[k];
            double difference = (Functional(value + step) - Functional(value - step)) / (2 * step);
            Assert.Equal(10 + difference, gradient[k], 1e-8);

            double Functional(double shifted)
            {
                p.Values[k] = shifted;
                mlp.Forward(p.Values, t, y, dy);
                p.Values[k] = value;
                return y.Zip(u, (a, b) => a * b).Sum() + dy.Zip(v, (a, b) => a * b).Sum();
            }
        }
    }

    [Fact]
    public void The_gradient_of_the_outputs_alone_needs_no_tangent()
    {
        double[] u = [0.7, -1.3, 0.4];
        var (mlp, p) = Random(seed: 3);
        var y = new double[3];
        double[] expected = new double[p.Values.Length], gradient = new double[p.Values.Length];
        mlp.Forward(p.Values, 0.2, y);
        mlp.Backward(p.Values, u, [0, 0, 0], expected);
        mlp.Backward(p.Values, u, default, gradient);
        Assert.Equal(expected, gradient);
    }

    private static (Mlp Mlp, ParameterSet Parameters) Random(ulong seed)
    {
        var layout = new ParameterLayout(Mlp.Tensors(Prefix, s_widths));
        var parameters = new ParameterSet(layout);
        var stream = new RandomStream(seed, RandomPurpose.Test);
        foreach (ref double value in parameters.Values.AsSpan())
            value = stream.NextNormal();
        return (new Mlp(layout, Prefix, s_widths), parameters);
    }
}
