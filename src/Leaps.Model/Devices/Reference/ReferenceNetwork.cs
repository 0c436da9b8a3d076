using Leaps.Model.Networks;

namespace Leaps.Model.Devices.Reference;

/// <summary>
/// The specification of the network: double precision, plain loops, one walker at a time. The other devices
/// are compared with it. The equations stand with <see cref="LocallyEquivariantConv"/>, the code that
/// computes them in <see cref="ReferenceWalker"/>.
/// </summary>
/// <remarks>
/// <para>
/// Embedding max-norm: a row e of the Potts embedding with |e| &gt; 1 counts as e / (|e| + 1e-7), as in
/// PyTorch's <c>Embedding(max_norm=1)</c>. PyTorch overwrites the row with that value before it is used, so
/// that the gradient with respect to the scaled row is the gradient of the parameter; likewise here: it is
/// handed to the raw row unchanged, without the derivative of the scaling.
/// </para>
/// <para>
/// Gradients are those of the loss: the reference implementation's division of the embedding gradient by the
/// frequency of each value (<c>scale_grad_by_freq</c>) is not applied.
/// </para>
/// </remarks>
public sealed class ReferenceNetwork : RateNetwork
{
    private const double MaxNormEpsilon = 1e-7;

    private int[] _callerOffsets;       // (tensors) → offset in the vector that was loaded

    public ReferenceNetwork(LocallyEquivariantConv architecture) : base(architecture)
    {
        Parameters = new ParameterSet(architecture.Layout);
        Embedding = new double[Math.Max(2, architecture.PottsStates) * architecture.Channels];
        _callerOffsets = [.. architecture.Layout.Tensors.Select(tensor => tensor.Offset)];
        FillEmbedding();
    }

    public override string DeviceKind => "reference";

    /// <summary>The loaded values, in the architecture's own layout.</summary>
    internal ParameterSet Parameters { get; }

    /// <summary>
    /// e_c(x), (values of a site, C). Ising: the spin 2x-1 for every c. Potts: the embedding after max-norm.
    /// </summary>
    internal double[] Embedding { get; }

    /// <exception cref="LeapsException">A tensor is missing or has another size.</exception>
    public override void Load(ParameterSet parameters)
    {
        var tensors = Architecture.Layout.Tensors;
        var offsets = new int[tensors.Count];
        for (int n = 0; n < tensors.Count; n++)
        {
            var tensor = tensors[n];
            if (!parameters.Layout.Contains(tensor.Name) || parameters[tensor.Name].Length != tensor.Length)
            {
                throw new LeapsException($"The parameters hold no tensor {tensor.Name} of shape " +
                    $"[{string.Join(", ", tensor.Shape)}]: they belong to another architecture.");
            }
            offsets[n] = parameters.Layout[tensor.Name].Offset;
            parameters[tensor.Name].CopyTo(Parameters[tensor.Name]);
        }
        _callerOffsets = offsets;
        FillEmbedding();
    }

    public override RateEvaluator CreateEvaluator() => new ReferenceEvaluator(this);

    /// <summary>Adds a gradient in the architecture's layout to one in the layout that was loaded.</summary>
    internal void AddTo(Span<double> callerGradient, ReadOnlySpan<double> gradient)
    {
        var tensors = Architecture.Layout.Tensors;
        for (int n = 0; n < tensors.Count; n++)
        {
            for (int k = 0; k < tensors[n].Length; k++)
                callerGradient[_callerOffsets[n] + k] += gradient[tensors[n].Offset + k];
        }
    }

    private void FillEmbedding()
    {
        int channels = Architecture.Channels;
        if (!Architecture.IsPotts)
        {
            Embedding.AsSpan(0, channels).Fill(-1);
            Embedding.AsSpan(channels, channels).Fill(1);
            return;
        }
        Parameters[LocallyEquivariantConv.Prefix + "emb.embedding.weight"].CopyTo(Embedding);
        if (!Architecture.EmbeddingMaxNorm)
            return;
        for (int x = 0; x < Architecture.PottsStates; x++)
        {
            var row = Embedding.AsSpan(x * channels, channels);
            double squared = 0;
            foreach (double value in row)
                squared += value * value;
            double norm = Math.Sqrt(squared);
            if (norm <= 1)
                continue;
            foreach (ref double value in row)
                value /= norm + MaxNormEpsilon;
        }
    }
}
