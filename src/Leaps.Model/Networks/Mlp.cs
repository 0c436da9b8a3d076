using Leaps.Model.Random;

namespace Leaps.Model.Networks;

/// <summary>
/// A multilayer perceptron of one scalar, y = W_n silu( … silu(W_0 t + b_0) … ) + b_n, in double, with its
/// exact derivative in t and the gradients of both. It is evaluated once for each distinct time of a batch,
/// so plain loops are fast enough on every device.
/// </summary>
/// <remarks>Not thread-safe: an instance holds the activations of its last forward pass.</remarks>
public sealed class Mlp
{
    private readonly int[] _widths;
    private readonly int[] _weight, _bias;      // offsets into the flat parameters, one a layer
    private readonly double[][] _input;         // (layer) → activations entering it
    private readonly double[][] _tangent;       // (layer) → their t-derivatives
    private readonly double[][] _pre;           // (layer) → pre-activations
    private readonly double[][] _preTangent;
    private readonly double[][] _gradient;      // (layer) → scratch of the backward pass, like its input
    private readonly double[][] _gradientTangent;

    /// <param name="layout">holds the tensors named by <see cref="Tensors"/></param>
    /// <param name="prefix">of their names</param>
    /// <param name="widths">of the layers, the first being 1</param>
    public Mlp(ParameterLayout layout, string prefix, IReadOnlyList<int> widths)
    {
        _widths = [.. widths];
        int layers = widths.Count - 1;
        _weight = new int[layers];
        _bias = new int[layers];
        _input = new double[layers][];
        _tangent = new double[layers][];
        _pre = new double[layers][];
        _preTangent = new double[layers][];
        _gradient = new double[layers + 1][];
        _gradientTangent = new double[layers + 1][];
        for (int l = 0; l <= layers; l++)
        {
            _gradient[l] = new double[widths[l]];
            _gradientTangent[l] = new double[widths[l]];
        }
        for (int l = 0; l < layers; l++)
        {
            _weight[l] = layout[$"{prefix}{2 * l}.weight"].Offset;
            _bias[l] = layout[$"{prefix}{2 * l}.bias"].Offset;
            _input[l] = new double[widths[l]];
            _tangent[l] = new double[widths[l]];
            _pre[l] = new double[widths[l + 1]];
            _preTangent[l] = new double[widths[l + 1]];
        }
    }

    private int Layers => _widths.Length - 1;

    /// <summary>
    /// Names and shapes in PyTorch's convention: <c>prefix{2l}.weight</c> [out, in] and <c>.bias</c> [out].
    /// </summary>
    public static IEnumerable<(string Name, int[] Shape)> Tensors(string prefix, IReadOnlyList<int> widths)
    {
        for (int l = 0; l + 1 < widths.Count; l++)
        {
            yield return ($"{prefix}{2 * l}.weight", [widths[l + 1], widths[l]]);
            yield return ($"{prefix}{2 * l}.bias", [widths[l + 1]]);
        }
    }

    /// <summary>Uniform on ±1/√fan-in.</summary>
    public static void FillUniform(Span<double> values, int fanIn, ref RandomStream stream)
    {
        double bound = 1 / Math.Sqrt(fanIn);
        foreach (ref double value in values)
            value = bound * (2 * stream.NextDouble() - 1);
    }

    /// <summary>The outputs at t and, optionally, their derivatives in t; kept for a backward pass.</summary>
    /// <param name="parameters">flat vector of the layout</param>
    /// <param name="t">annealing time</param>
    /// <param name="output">(last width)</param>
    /// <param name="outputTangent">(last width) or empty</param>
    public void Forward(ReadOnlySpan<double> parameters, double t, Span<double> output,
        Span<double> outputTangent = default)
    {
        _input[0][0] = t;
        _tangent[0][0] = 1;
        for (int l = 0; l < Layers; l++)
        {
            bool last = l == Layers - 1;
            double[] x = _input[l], dx = _tangent[l];
            for (int o = 0; o < _widths[l + 1]; o++)
            {
                var row = parameters.Slice(_weight[l] + o * x.Length, x.Length);
                double z = parameters[_bias[l] + o], dz = 0;
                for (int i = 0; i < row.Length; i++)
                {
                    z += row[i] * x[i];
                    dz += row[i] * dx[i];
                }
                _pre[l][o] = z;
                _preTangent[l][o] = dz;
                if (last)
                {
                    output[o] = z;
                    if (!outputTangent.IsEmpty) outputTangent[o] = dz;
                }
                else
                {
                    double s = 1 / (1 + Math.Exp(-z));
                    _input[l + 1][o] = z * s;
                    _tangent[l + 1][o] = s * (1 + z * (1 - s)) * dz;
                }
            }
        }
    }

    /// <summary>
    /// Adds to <paramref name="gradient"/> the gradient of Σ_o u_o y_o + v_o ∂_t y_o at the last forward
    /// pass.
    /// </summary>
    /// <param name="parameters">as in the forward pass</param>
    /// <param name="outputGradient">u, (last width)</param>
    /// <param name="tangentGradient">v, (last width) or empty</param>
    /// <param name="gradient">flat vector of the layout</param>
    public void Backward(ReadOnlySpan<double> parameters, ReadOnlySpan<double> outputGradient,
        ReadOnlySpan<double> tangentGradient, Span<double> gradient)
    {
        double[] dz = _gradient[Layers], dzTangent = _gradientTangent[Layers];     // of the pre-activations
        outputGradient.CopyTo(dz);
        if (tangentGradient.IsEmpty) Array.Clear(dzTangent);
        else tangentGradient.CopyTo(dzTangent);
        for (int l = Layers - 1; l >= 0; l--)
        {
            double[] x = _input[l], dx = _tangent[l];
            double[] gx = _gradient[l], gdx = _gradientTangent[l];
            Array.Clear(gx);
            Array.Clear(gdx);
            for (int o = 0; o < dz.Length; o++)
            {
                int offset = _weight[l] + o * x.Length;
                gradient[_bias[l] + o] += dz[o];
                for (int i = 0; i < x.Length; i++)
                {
                    gradient[offset + i] += dz[o] * x[i] + dzTangent[o] * dx[i];
                    gx[i] += dz[o] * parameters[offset + i];
                    gdx[i] += dzTangent[o] * parameters[offset + i];
                }
            }
            if (l == 0) break;
            (dz, dzTangent) = (gx, gdx);
            for (int i = 0; i < gx.Length; i++)
            {
                // x = z σ, dx = silu'(z) dz;  silu' = σ(1 + z(1-σ)),  silu'' = σ(1-σ)(2 + z(1-2σ))
                double z = _pre[l - 1][i], t = _preTangent[l - 1][i], s = 1 / (1 + Math.Exp(-z));
                double first = s * (1 + z * (1 - s));
                double second = s * (1 - s) * (2 + z * (1 - 2 * s));
                dz[i] = gx[i] * first + gdx[i] * second * t;
                dzTangent[i] = gdx[i] * first;
            }
        }
    }
}
