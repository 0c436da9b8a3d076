namespace Leaps.Model.Devices.Reference;

/// <summary>
/// Evaluates a <see cref="ReferenceNetwork"/>, walker by walker. Beside the methods of the seam, whose
/// results are rounded to float32 at the very end, it offers the same in double.
/// </summary>
public sealed class ReferenceEvaluator : RateEvaluator
{
    private readonly ReferenceNetwork _network;
    private readonly ReferenceWalker _walker;
    private readonly int _sites, _outputs;
    private readonly double[] _gradient;        // in the architecture's own layout
    private readonly double[] _discarded;       // (outputs)
    private byte[] _states = [];                // (walkers, sites) of the last Forward
    private double[] _times = [];               // (walkers)
    private double[] _buffer = [];              // (walkers, outputs)
    private int _walkers;

    internal ReferenceEvaluator(ReferenceNetwork network) : base(network.Architecture)
    {
        _network = network;
        _walker = new ReferenceWalker(network);
        _sites = network.Architecture.Lattice.Sites;
        _outputs = network.Architecture.Outputs;
        _gradient = new double[network.Architecture.Layout.Count];
        _discarded = new double[_outputs];
    }

    public override void Evaluate(ReadOnlySpan<byte> states, int walkers, double time, Span<float> output)
    {
        var values = Buffer(1);
        for (int m = 0; m < walkers; m++)
        {
            _walker.Forward(states.Slice(m * _sites, _sites), time, values);
            Round(values, output.Slice(m * _outputs, _outputs));
        }
    }

    public override void Forward(ReadOnlySpan<byte> states, ReadOnlySpan<double> times, Span<float> output)
    {
        var values = Buffer(times.Length);
        Forward(states, times, values);
        Round(values, output);
    }

    public override void Backward(ReadOnlySpan<float> outputGradient, Span<double> gradient)
    {
        var values = Buffer(_walkers);
        for (int o = 0; o < values.Length; o++)
            values[o] = outputGradient[o];
        Backward((ReadOnlySpan<double>)values, gradient);
    }

    /// <summary>
    /// G_t(x; i→v) of one walker in double; kept for
    /// <see cref="Backward(ReadOnlySpan{double}, Span{double})"/>.
    /// </summary>
    /// <param name="state">(sites)</param>
    /// <param name="time">annealing time</param>
    /// <returns>(outputs per site, sites)</returns>
    public double[] Forward(ReadOnlySpan<byte> state, double time)
    {
        var output = new double[_outputs];
        Forward(state, [time], output);
        return output;
    }

    /// <summary>As the method of the seam, in double.</summary>
    /// <param name="states">(walkers, sites)</param>
    /// <param name="times">(walkers)</param>
    /// <param name="output">(walkers, outputs per site, sites)</param>
    public void Forward(ReadOnlySpan<byte> states, ReadOnlySpan<double> times, Span<double> output)
    {
        _walkers = times.Length;
        if (_times.Length < _walkers)
        {
            _times = new double[_walkers];
            _states = new byte[_walkers * _sites];
        }
        times.CopyTo(_times);
        states[..(_walkers * _sites)].CopyTo(_states);
        for (int m = 0; m < _walkers; m++)
            _walker.Forward(State(m), times[m], output.Slice(m * _outputs, _outputs));
    }

    /// <summary>
    /// As the method of the seam, in double. Activations are not kept from the forward pass: every walker is
    /// evaluated again.
    /// </summary>
    /// <param name="outputGradient">(walkers, outputs per site, sites)</param>
    /// <param name="gradient">flat vector of the parameters that were loaded; added to</param>
    public void Backward(ReadOnlySpan<double> outputGradient, Span<double> gradient)
    {
        Array.Clear(_gradient);
        for (int m = 0; m < _walkers; m++)
        {
            _walker.Forward(State(m), _times[m], _discarded);
            _walker.Backward(State(m), _times[m], outputGradient.Slice(m * _outputs, _outputs), _gradient);
        }
        _network.AddTo(gradient, _gradient);
    }

    /// <summary>
    /// P^l of the walker evaluated last: 0 is the first convolution's, (sites, C).
    /// </summary>
    public ReadOnlySpan<double> Hidden(int layer) => _walker.Hidden(layer);

    private ReadOnlySpan<byte> State(int walker) => _states.AsSpan(walker * _sites, _sites);

    private Span<double> Buffer(int walkers)
    {
        if (_buffer.Length < walkers * _outputs)
            _buffer = new double[walkers * _outputs];
        return _buffer.AsSpan(0, walkers * _outputs);
    }

    private static void Round(ReadOnlySpan<double> values, Span<float> rounded)
    {
        for (int o = 0; o < values.Length; o++)
            rounded[o] = (float)values[o];
    }
}
