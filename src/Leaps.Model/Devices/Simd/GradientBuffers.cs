using Leaps.Model.Networks;

namespace Leaps.Model.Devices.Simd;

/// <summary>
/// Gradients of one evaluator in the kernels' layouts, and how they go back into the flat vector.
/// Rows of "stride" entries hold channel a at entry a, and the bias's gradient at entry C.
/// </summary>
internal sealed unsafe class GradientBuffers
{
    private const int Block = SimdNetwork.BlockColumns;

    private readonly SimdNetwork _network;
    private readonly LocallyEquivariantConv _net;
    private readonly int _padded, _channels;
    private readonly AlignedBuffer<float> _output, _first, _transposed, _firstTransposed, _rows, _nextP,
        _hidden, _tableLanes;
    private readonly AlignedBuffer<float>[] _weights;       // (layers)(positions, padded channels, stride)
    private readonly AlignedBuffer<float>[] _inputs;        // (layers)(positions · rows a position, stride)
    private readonly double[] _embedding;                   // (q, C)
    private readonly double[][] _tau;                       // (layers)(positions)

    // Where the tensors lie in the flat gradient.
    private readonly int _linearOffset, _firstOffset, _embeddingOffset;
    private readonly (int Weights, int FirstBias, int SecondBias)[] _layerOffsets;

    public GradientBuffers(SimdNetwork network)
    {
        _network = network;
        _net = network.Architecture;
        _padded = network.PaddedChannels;
        _channels = _net.Channels;
        int lanes = network.InstructionSet == SimdInstructionSet.Avx512 ? 16 : 8;
        Stride = SimdNetwork.RoundUp(_channels + 1, lanes);
        FirstStride = SimdNetwork.RoundUp(network.First.Inner, lanes);
        RowsPerPosition = _net.IsPotts ? _net.PottsStates : 1;
        _output = new(network.PaddedOutputs * Stride);
        _first = new(_padded * FirstStride);
        _transposed = new(Block * Stride);
        _firstTransposed = new(Block * FirstStride);
        _rows = new(4 * Block);
        _nextP = new(_padded * Block);
        _hidden = new(_padded * Block);
        _tableLanes = new(Math.Max(1, _net.PottsStates) * _padded * Block);
        _weights = [.. network.Layers
            .Select(layer => new AlignedBuffer<float>((long)layer.Window.Positions * _padded * Stride))];
        _inputs = [.. network.Layers.Select(layer =>
            new AlignedBuffer<float>(
                (long)SimdNetwork.RoundUp(layer.Window.Positions * RowsPerPosition, 4) * Stride))];
        var layout = network.Layout;
        _linearOffset = layout[LocallyEquivariantConv.Prefix + "linear"].Offset;
        _firstOffset = layout[LocallyEquivariantConv.Prefix + "initial_conv.weight"].Offset;
        _embeddingOffset = _net.IsPotts
            ? layout[LocallyEquivariantConv.Prefix + "emb.embedding.weight"].Offset : 0;
        _layerOffsets = [.. Enumerable.Range(0, _net.Layers).Select(LocallyEquivariantConv.LayerPrefix)
            .Select(prefix =>
                (layout[prefix + "A"].Offset, layout[prefix + "b1"].Offset, layout[prefix + "b2"].Offset))];
        _tau = [.. network.Layers.Select(layer => new double[layer.Window.Positions])];
        _embedding = new double[_net.PottsStates * _channels];
    }

    public int Stride { get; }
    public int FirstStride { get; }
    /// <summary>1 for Ising, q for Potts.</summary>
    public int RowsPerPosition { get; }

    /// <summary>dL/dω, (padded outputs, stride).</summary>
    public float* Output => _output.Pointer;

    /// <summary>dL/dW, (padded channels, first stride).</summary>
    public float* First => _first.Pointer;

    /// <summary>Scratch: a (channels, block) matrix turned to (block, stride).</summary>
    public float* Transposed => _transposed.Pointer;
    public float* FirstTransposed => _firstTransposed.Pointer;
    public float* Rows => _rows.Pointer;

    /// <summary>dL/dP of the layer above, (padded channels, block).</summary>
    public float* NextP => _nextP.Pointer;

    /// <summary>dL/dh, (padded channels, block).</summary>
    public float* Hidden => _hidden.Pointer;

    /// <summary>Lane sums of the embedding's gradient, (q, padded channels, block).</summary>
    public float* TableLanes => _tableLanes.Pointer;

    public float* Weights(int layer, int position) =>
        _weights[layer].Pointer + (long)position * _padded * Stride;
    public float* Inputs(int layer, int row) => _inputs[layer].Pointer + (long)row * Stride;

    public void Clear()
    {
        _output.Clear();
        _first.Clear();
        _tableLanes.Clear();
        foreach (var buffer in _weights) buffer.Clear();
        Array.Clear(_embedding);
    }

    public void BeginRun()
    {
        foreach (var buffer in _inputs) buffer.Clear();
    }

    public void Transpose(float* source, int rows, bool withOne)
    {
        float* target = Transposed;
        for (int c = 0; c < rows; c++)
        {
            for (int n = 0; n < Block; n++)
                target[n * Stride + c] = source[c * Block + n];
        }
        for (int n = 0; n < Block; n++)
            for (int c = _channels; c < Stride; c++)
                target[n * Stride + c] = withOne && c == _channels ? 1 : 0;
    }

    public void TransposeFirst(float* source)
    {
        for (int k = 0; k < _network.First.Inner; k++)
        {
            for (int n = 0; n < Block; n++)
                _firstTransposed.Pointer[n * FirstStride + k] = source[k * Block + n];
        }
    }

    /// <summary>
    /// Adds dL/d(values of the first window), (positions, channels, block), to the embedding rows they came
    /// from.
    /// </summary>
    public void AddFirstEmbedding(byte* table, float* x)
    {
        var window = _net.Windows[0];
        for (int p = 0; p < window.Positions; p++)
        {
            if (p == window.Centre) continue;
            byte* row = table + p * ColumnGatherer.RowBytes;
            for (int a = 0; a < _channels; a++)
            {
                float* gradient = x + (p * _channels + a) * Block;
                for (int n = 0; n < Block; n++)
                {
                    if (row[n] < _net.PottsStates)
                        _embedding[row[n] * _channels + a] += gradient[n];
                }
            }
        }
    }

    /// <summary>
    /// Folds the sums over the inputs of a run of one time into b2, the time network and the embedding.
    /// </summary>
    public void EndRun(TimeBias timeBias, Span<double> gradient)
    {
        for (int l = 0; l < _inputs.Length; l++)
        {
            var window = _net.Windows[l + 1];
            int secondBias = _layerOffsets[l].SecondBias;
            double[] tau = _tau[l];
            Array.Clear(tau);
            float* embedding = _network.Tables.Pointer;
            for (int j = 0; j < window.Positions; j++)
            {
                if (j == window.Centre) continue;
                float* sums = Inputs(l, j * RowsPerPosition);           // (rows a position, stride)
                for (int c = 0; c < _channels; c++)
                {
                    double total = 0;
                    for (int v = 0; v < RowsPerPosition; v++)
                    {
                        double sum = sums[v * Stride + c];
                        total += _net.IsPotts ? sum * embedding[c * _network.TableStride + v] : sum;
                    }
                    gradient[secondBias + c * window.Positions + j] += total;
                    tau[j] += total;
                }
            }
            timeBias.Backward(l, tau, gradient);
        }
    }

    /// <summary>Adds everything that is not folded by run to the flat gradient.</summary>
    public void AddTo(Span<double> gradient)
    {
        for (int o = 0; o < _net.OutputsPerSite; o++)
        {
            for (int c = 0; c < _channels; c++)
                gradient[_linearOffset + o * _channels + c] += Output[o * Stride + c];
        }
        AddFirst(gradient, _firstOffset);
        for (int l = 0; l < _weights.Length; l++)
            AddLayer(gradient, l);
        if (!_net.IsPotts) return;
        for (int v = 0; v < _net.PottsStates; v++)
        {
            for (int c = 0; c < _channels; c++)
            {
                double sum = _embedding[v * _channels + c];
                float* lanes = TableLanes + (v * _padded + c) * Block;
                for (int n = 0; n < Block; n++) sum += lanes[n];
                gradient[_embeddingOffset + v * _channels + c] += sum;
            }
        }
    }

    private void AddFirst(Span<double> gradient, int offset)
    {
        var window = _net.Windows[0];
        int inputs = _net.InputChannels;
        for (int c = 0; c < _channels; c++)
        {
            for (int p = 0; p < window.Positions; p++)
            {
                if (p == window.Centre) continue;
                for (int a = 0; a < inputs; a++)
                {
                    gradient[offset + (c * inputs + a) * window.Positions + p] +=
                        First[c * FirstStride + p * inputs + a];
                }
            }
        }
    }

    private void AddLayer(Span<double> gradient, int l)
    {
        var window = _net.Windows[l + 1];
        int weights = _layerOffsets[l].Weights, bias = _layerOffsets[l].FirstBias;
        for (int j = 0; j < window.Positions; j++)
        {
            float* sums = Weights(l, j);                                // (padded channels, stride)
            for (int c = 0; c < _channels; c++)
            {
                for (int a = 0; a < _channels; a++)
                    gradient[weights + (c * window.Positions + j) * _channels + a] += sums[c * Stride + a];
                gradient[bias + c * window.Positions + j] += sums[c * Stride + _channels];
            }
        }
    }
}
